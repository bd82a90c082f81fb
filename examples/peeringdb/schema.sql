-- The tables of both sides. `created` and `updated` default to the database's
-- clock, in the very text that Diesel writes (SQLite compares it as text).
-- The indexes are what makes reading by `since` cheap. There is no unique
-- index besides the keys: what is unique in the source at any moment need not
-- be so while a mirror applies one row after the other.

CREATE TABLE IF NOT EXISTS organisations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    aka TEXT,
    website TEXT,
    notes TEXT,
    address1 TEXT,
    city TEXT,
    country TEXT,
    latitude DOUBLE,
    longitude DOUBLE,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS organisations_created ON organisations (created);
CREATE INDEX IF NOT EXISTS organisations_updated ON organisations (updated);

CREATE TABLE IF NOT EXISTS facilities (
    id INTEGER PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    aka TEXT,
    website TEXT,
    notes TEXT,
    address1 TEXT,
    city TEXT,
    country TEXT,
    latitude DOUBLE,
    longitude DOUBLE,
    clli TEXT,
    diverse_serving_substations BOOLEAN,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS facilities_org_id ON facilities (org_id);
CREATE INDEX IF NOT EXISTS facilities_created ON facilities (created);
CREATE INDEX IF NOT EXISTS facilities_updated ON facilities (updated);

CREATE TABLE IF NOT EXISTS networks (
    id INTEGER PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    aka TEXT,
    website TEXT,
    asn BIGINT NOT NULL,
    irr_as_set TEXT,
    info_type TEXT,
    info_prefixes4 INTEGER,
    info_prefixes6 INTEGER,
    info_unicast BOOLEAN,
    info_ipv6 BOOLEAN,
    policy_general TEXT,
    notes TEXT,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS networks_org_id ON networks (org_id);
CREATE INDEX IF NOT EXISTS networks_created ON networks (created);
CREATE INDEX IF NOT EXISTS networks_updated ON networks (updated);

CREATE TABLE IF NOT EXISTS exchanges (
    id INTEGER PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    aka TEXT,
    city TEXT,
    country TEXT,
    region_continent TEXT,
    website TEXT,
    proto_unicast BOOLEAN,
    proto_ipv6 BOOLEAN,
    notes TEXT,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS exchanges_org_id ON exchanges (org_id);
CREATE INDEX IF NOT EXISTS exchanges_created ON exchanges (created);
CREATE INDEX IF NOT EXISTS exchanges_updated ON exchanges (updated);

CREATE TABLE IF NOT EXISTS exchange_lans (
    id INTEGER PRIMARY KEY,
    ix_id INTEGER NOT NULL REFERENCES exchanges (id),
    name TEXT,
    descr TEXT,
    mtu INTEGER,
    dot1q_support BOOLEAN,
    rs_asn BIGINT,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS exchange_lans_ix_id ON exchange_lans (ix_id);
CREATE INDEX IF NOT EXISTS exchange_lans_created ON exchange_lans (created);
CREATE INDEX IF NOT EXISTS exchange_lans_updated ON exchange_lans (updated);

CREATE TABLE IF NOT EXISTS network_facilities (
    id INTEGER PRIMARY KEY,
    net_id INTEGER NOT NULL REFERENCES networks (id),
    fac_id INTEGER NOT NULL REFERENCES facilities (id),
    local_asn BIGINT,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS network_facilities_net_id ON network_facilities (net_id);
CREATE INDEX IF NOT EXISTS network_facilities_fac_id ON network_facilities (fac_id);
CREATE INDEX IF NOT EXISTS network_facilities_created ON network_facilities (created);
CREATE INDEX IF NOT EXISTS network_facilities_updated ON network_facilities (updated);

CREATE TABLE IF NOT EXISTS network_exchange_lans (
    id INTEGER PRIMARY KEY,
    net_id INTEGER NOT NULL REFERENCES networks (id),
    ix_id INTEGER NOT NULL REFERENCES exchanges (id),
    ixlan_id INTEGER NOT NULL REFERENCES exchange_lans (id),
    notes TEXT,
    speed INTEGER,
    asn BIGINT,
    ipaddr4 TEXT,
    ipaddr6 TEXT,
    is_rs_peer BOOLEAN,
    operational BOOLEAN,
    status TEXT NOT NULL DEFAULT 'ok',
    created TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')),
    updated TIMESTAMP NOT NULL DEFAULT (replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))
);
CREATE INDEX IF NOT EXISTS network_exchange_lans_net_id ON network_exchange_lans (net_id);
CREATE INDEX IF NOT EXISTS network_exchange_lans_ix_id ON network_exchange_lans (ix_id);
CREATE INDEX IF NOT EXISTS network_exchange_lans_ixlan_id ON network_exchange_lans (ixlan_id);
CREATE INDEX IF NOT EXISTS network_exchange_lans_created ON network_exchange_lans (created);
CREATE INDEX IF NOT EXISTS network_exchange_lans_updated ON network_exchange_lans (updated);
