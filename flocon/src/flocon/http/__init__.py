"""The account's HTTP face, from the outside in.

app            which request is answered by what; what goes wrong on the way
bodies         a request's JSON, read and unpacked up to a limit
protocol       what the connector's requests say, and the responses that it understands
arrow          the rows and columns of these responses
logins         who may log in, and whose a token is
threads        where statements run while others wait
statement_log  a line for each statement, on request

What is known of a query by its id is in `flocon.stores.queries`.
"""
