"""What an account keeps beside its databases' rows. Nothing here knows of sessions or statements.

stores          all of it in one place, as handlers get it
queries         each query by its id, from coming in until it is forgotten
notes           what is kept of databases, schemas, tables, views and sequences
sessions        who is logged in, and the passes of procedures
live_views      views that ask the account itself
outbox          messages that alerts and procedures have sent
warehouse_load  how busy each warehouse was
"""
