"""How the outside reaches in: HTTP routes, the worker, the commands, and the machines we talk to.

The only package that may know all others. Business rules live elsewhere; here they are only called.
"""
