-- The checksum of a record is CRC-32 as zlib computes it (ADR 0004), not CRC-32C.
alter table instance rename column crc32c to crc32;
alter table quarantine rename column crc32c to crc32;

-- How far each segment is indexed: every record before indexed_to has its row. Written in the transaction of the rows, so that a
-- restart reads only what lies behind it.
create table segment_index (
  writer            text not null,
  segment           bigint not null,
  indexed_to        bigint not null,
  primary key (writer, segment)
);
