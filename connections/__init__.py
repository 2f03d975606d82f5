"""What a connection's name means: one reading of it, for `caves` and for the ingester.

`snow`, the connector and streamlit share the files of SNOWFLAKE_HOME, and differ in what the
environment may change. Here its fullest reading, `snow`'s, is carried out once; what comes out is
handed to the connector and to `snow` alike, so that one command never works on two accounts.

It is a package of its own because its two users must not import each other, and the ingester runs
where `snow` is not installed. It needs nothing but the connector.
"""
