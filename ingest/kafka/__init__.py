"""How Kafka is reached: `caves` asks these modules, too.

- `settings` reads what Java's clients and librdkafka are told, `properties` the format of the file;
- `clients` makes every consumer, producer and admin client; `reach` asks the brokers first, and
  says why they cannot be reached;
- `fixes` puts right what the client lacks.
"""
