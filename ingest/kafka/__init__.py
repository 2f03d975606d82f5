"""How Kafka is reached: `caves` asks these modules, too.

- `settings` reads the settings of Java's clients and librdkafka, `properties` the file's format;
- `clients` makes every consumer, producer and admin client; `reach` asks the brokers first, and
  says why they cannot be reached;
- `fixes` corrects faults of the client.
"""
