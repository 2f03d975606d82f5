"""What the account does for each kind of statement: one noun a module.

Each module lists what it answers in STATEMENTS, FUNCTIONS and TABLE_FUNCTIONS, and the metadata
tables that it needs in DDL; `flocon.session.registry` puts the lists together.
"""
