"""Header names that are not UTF-8: the record arrives all the same, everything else untouched."""

import pytest
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from ingest.kafka import fixes
from tests.ingest.hostile import name_of


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_records, "DefaultRecordBatch", memory_records.DefaultRecordBatch)
    fixes.install()


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
def test_a_header_name_that_is_not_utf_8_reads_with_question_marks(
    lenient: None, compression: int
) -> None:
    builder = DefaultRecordBatchBuilder(2, compression, False, -1, -1, -1, 1_000_000)
    builder.append(0, 1000, b"k", b"first", [("plain", b"1")])
    bad = [("caf\u00e9", None), (name_of(b"a\xff\xc3"), b"\xff"), (name_of(b""), b"")]
    builder.append(1, 1001, None, b"second", bad)
    builder.append(2, 1002, b"", None, [])
    records = list(MemoryRecords(bytes(builder.build())).next_batch())
    assert [(each.offset, each.key, each.value, each.headers) for each in records] == [
        (0, b"k", b"first", [("plain", b"1")]),
        (1, None, b"second", [("caf\u00e9", None), ("a??", b"\xff"), ("", b"")]),
        (2, b"", None, []),
    ]
