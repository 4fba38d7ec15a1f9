"""One file per scenario: `SUMMARY`, `ROLES` (processes of the installation it needs) and `async def run(bench)`."""
