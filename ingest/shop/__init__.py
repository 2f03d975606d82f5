"""What the producer sends: a shop that sells wine, made up. Pure; `ingest/producer.py` sends it.

`generator` is the shop's day as a stream of messages, good and bad ones; `history` the same shop
with weeks behind it; `wines` what it sells, where and to whom.
"""
