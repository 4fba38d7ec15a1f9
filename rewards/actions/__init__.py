"""One file per green behaviour: `rewards.behaviours` finds a new file, the contract test checks it."""
