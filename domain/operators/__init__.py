"""The bureau's officers: accounts with password and second factor, roles, sessions, and acts that need two persons.

Officers sign in from allowed networks with a password (scrypt) and a one-time code (TOTP, each used once); five
failures lock the account for a while. `four_eyes` lets other rooms ask for a second officer: never oneself, used once.
"""
