"""The account's HTTP face, as the connector asks for it."""
