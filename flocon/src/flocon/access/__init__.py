"""Who may do what: objects and privileges, what a statement needs, what a set of roles holds.

Nothing here knows sessions, files or the engine: statements and grants in, decisions out.
https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""
