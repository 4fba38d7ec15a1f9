"""The HTTP contract with the bureau's case platform, both directions: signing, payloads, hand-over out, updates in."""
