-- Everything away: schemas, rows, streams, tasks and procedures go with their database, which
-- UNDROP DATABASE brings back within its retention time. The warehouse stays, because others may
-- be working with it; suspended, it costs nothing.

DROP DATABASE IF EXISTS <% ctx.env.database %>;
