"""What kafka-python sees of a cluster. Prints one line of JSON."""

import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

bootstrap, topic, count = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3])

admin = KafkaAdminClient(bootstrap_servers=bootstrap)
admin.create_topics([NewTopic(name=topic, num_partitions=3, replication_factor=3)])
admin.close()

producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="gzip")
sent = [producer.send(topic, key=b"k%d" % i, value=b"value-%d" % i) for i in range(count)]
offsets = [(future.get(20).partition, future.get(20).offset) for future in sent]
producer.close()

consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=10000)
parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
consumer.assign(parts)
consumer.seek_to_beginning()
values = set()
for message in consumer:
    values.add(message.value.decode())
    if len(values) == count:
        break
ends = consumer.end_offsets(parts)
first = consumer.offsets_for_times({parts[0]: 0})[parts[0]]
consumer.close()

print(
    json.dumps(
        {
            "partitions": len(parts),
            "distinctOffsets": len(set(offsets)),
            "values": len(values),
            "ends": sum(ends.values()),
            "firstByTime": first.offset,
        }
    )
)
