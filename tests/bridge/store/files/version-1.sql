-- A store of schema 1 with a little of everything, as that version left it. Not to be edited.
PRAGMA application_id = 1414680135;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE actuators (
            node INTEGER NOT NULL, actuator INTEGER NOT NULL, time_us INTEGER NOT NULL,
            value INTEGER NOT NULL, cause INTEGER NOT NULL,
            PRIMARY KEY (node, actuator)
        ) WITHOUT ROWID;
INSERT INTO "actuators" VALUES(7,1,1790000003000000,1,2);
CREATE TABLE events (
            time_us INTEGER NOT NULL, kind TEXT NOT NULL, node INTEGER NOT NULL, name TEXT NOT NULL,
            detail TEXT NOT NULL,
            PRIMARY KEY (time_us, kind, node, name)
        ) WITHOUT ROWID;
INSERT INTO "events" VALUES(1790000002000000,'lost',7,'','{"parent":1}');
CREATE TABLE peers (
            node INTEGER PRIMARY KEY, link TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL,
            first_seen_us INTEGER NOT NULL, last_heard_us INTEGER NOT NULL, frames INTEGER NOT NULL,
            lost_frames INTEGER NOT NULL, interval_s REAL, address_changes INTEGER NOT NULL
        );
INSERT INTO "peers" VALUES(7,'udp','10.0.0.7:28539','alive',1790000000000000,1790000003000000,12,1,1.0,0);
CREATE TABLE reading_hours (
        series INTEGER NOT NULL, time_us INTEGER NOT NULL,
        count INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL,
        total INTEGER NOT NULL, squares INTEGER NOT NULL,
        PRIMARY KEY (series, time_us)
    ) WITHOUT ROWID;
CREATE TABLE reading_minutes (
        series INTEGER NOT NULL, time_us INTEGER NOT NULL,
        count INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL,
        total INTEGER NOT NULL, squares INTEGER NOT NULL,
        PRIMARY KEY (series, time_us)
    ) WITHOUT ROWID;
CREATE TABLE readings (
            series INTEGER NOT NULL, time_us INTEGER NOT NULL, version INTEGER NOT NULL, raw INTEGER NOT NULL,
            PRIMARY KEY (series, time_us, version)
        ) WITHOUT ROWID;
INSERT INTO "readings" VALUES(7,1790000000000000,1,100);
CREATE TABLE round_hours (
        series INTEGER NOT NULL, time_us INTEGER NOT NULL,
        rounds INTEGER NOT NULL, max INTEGER NOT NULL, least_mean REAL NOT NULL, largest_mean REAL NOT NULL,
        total INTEGER NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (series, time_us)
    ) WITHOUT ROWID;
CREATE TABLE round_minutes (
        series INTEGER NOT NULL, time_us INTEGER NOT NULL,
        rounds INTEGER NOT NULL, max INTEGER NOT NULL, least_mean REAL NOT NULL, largest_mean REAL NOT NULL,
        total INTEGER NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (series, time_us)
    ) WITHOUT ROWID;
CREATE TABLE rounds (
            series INTEGER NOT NULL, time_us INTEGER NOT NULL, version INTEGER NOT NULL,
            round INTEGER NOT NULL, max INTEGER NOT NULL, max_id INTEGER NOT NULL, total INTEGER NOT NULL,
            count INTEGER NOT NULL, doubt INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
            frames INTEGER NOT NULL, bytes INTEGER NOT NULL, repairs INTEGER NOT NULL,
            alive INTEGER, reachable INTEGER,
            PRIMARY KEY (series, time_us, version)
        ) WITHOUT ROWID;
INSERT INTO "rounds" VALUES(0,1790000001000000,1,1,140,9,300,3,0,850,12,240,1,NULL,4);
CREATE TABLE state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO "state" VALUES('checkpoint','[3, 4096]');
INSERT INTO "state" VALUES('events_from_us',1758463200000000);
INSERT INTO "state" VALUES('network','garden');
INSERT INTO "state" VALUES('newest_us',1790000003000000);
INSERT INTO "state" VALUES('reading_hours_from_us',1474588800000000);
INSERT INTO "state" VALUES('reading_hours_to_us',1789999200000000);
INSERT INTO "state" VALUES('reading_minutes_from_us',1758412800000000);
INSERT INTO "state" VALUES('reading_minutes_to_us',1789999980000000);
INSERT INTO "state" VALUES('readings_from_us',1787407800000000);
INSERT INTO "state" VALUES('round_hours_from_us',1474588800000000);
INSERT INTO "state" VALUES('round_hours_to_us',1789999200000000);
INSERT INTO "state" VALUES('round_minutes_from_us',1758412800000000);
INSERT INTO "state" VALUES('round_minutes_to_us',1789999980000000);
INSERT INTO "state" VALUES('rounds_from_us',1726927200000000);
CREATE VIEW readings_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM readings
        UNION ALL
        SELECT (SELECT min(series) FROM readings WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL;
CREATE VIEW reading_minutes_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM reading_minutes
        UNION ALL
        SELECT (SELECT min(series) FROM reading_minutes WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL;
CREATE VIEW reading_hours_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM reading_hours
        UNION ALL
        SELECT (SELECT min(series) FROM reading_hours WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL;
CREATE VIEW rounds_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM rounds
        UNION ALL
        SELECT (SELECT min(series) FROM rounds WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL;
CREATE VIEW round_minutes_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM round_minutes
        UNION ALL
        SELECT (SELECT min(series) FROM round_minutes WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL;
CREATE VIEW round_hours_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM round_hours
        UNION ALL
        SELECT (SELECT min(series) FROM round_hours WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL;
COMMIT;
