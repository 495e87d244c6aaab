-- Wireshark dissector for Treering frames: PROTOCOL.md sections 1, 2, 8 and 9.
--
--     tshark -X lua_script:protocol/wireshark/treering.lua -r LOG.pcapng
--
-- or copy this file to the folder that Wireshark names under Help > About > Folders > Personal Lua Plugins.
-- It reads packet logs (link type USER0) and UDP port 28539. `treering.drop_reason` is there on every frame that a
-- receiver would not use. Runs on the Lua 5.2 of Wireshark 4.0 and the Lua 5.4 of later ones.

local treering = Proto("treering", "Treering")

local UDP_PORT = 28539
local HEADER_BYTES, CRC_BYTES, TAG_BYTES, MAX_FRAME_BYTES = 8, 2, 8, 104
local BROADCAST, HOST, MAX_NODE_ID, NO_HOP_COUNT, SATURATED = 0xFFFF, 0xFFFE, 0xFFFD, 0xFF, 0xFFFF
local MAX_METRIC, ITEM_READINGS, ITEM_LINK, ITEM_DOUBT = 0x3F, 0x80, 0xC0, 0xC1
local MAX_AGGREGATES, MAX_LINKS, MAX_PAIRS, MAX_HEIRS, MAX_PAYLOAD_BYTES = 5, 5, 5, 4, 88
local NO_ID, MUSTER = 0xFFFF, 0xFFFE

local TYPES = {
    "DISCOVERY", "DISC_ACK", "DISC_ACK_ACK", "DEPTH", "DATA", "DATA_ACK",
    "HELP", "HELP_ACK", "HELP_ACK_DATA", "HELP_CONFIRM", "RESULT", "LOOK",
    "TOKEN", "SIGN", "CLAIM", "HELLO", "POLL", "READING", "BEAT",
    "GOODBYE", "CHALLENGE", "RESPONSE", "LETTER", "HEARD", "BOOT", "PAIR",
}
local BOOT_CAUSES = { [0] = "unknown", [1] = "power on", [2] = "reset", [3] = "brown-out", [4] = "watchdog" }
local NETWORKS = { [0] = "tree", [1] = "ring", [2] = "polling" }
local DROP_REASONS = {
    [2] = "oversized", [3] = "truncated", [4] = "wire version", [5] = "checksum", [6] = "sealed",
    [7] = "unknown type", [8] = "malformed",
}
local OVERSIZED, TRUNCATED, WIRE_VERSION, CHECKSUM, SEALED, UNKNOWN_TYPE, MALFORMED = 2, 3, 4, 5, 6, 7, 8
local METRICS = {
    [0] = { name = "temperature", scale = 0.5, offset = -40, unit = "degC" },
    [1] = { name = "humidity", scale = 0.5, offset = 0, unit = "%" },
    [2] = { name = "soil_moisture", scale = 0.5, offset = 0, unit = "%" },
    [3] = { name = "soil_temperature", scale = 0.5, offset = -40, unit = "degC" },
    [4] = { name = "wind_speed", scale = 0.25, offset = 0, unit = "m/s" },
}
for id = 0, MAX_METRIC do
    METRICS[id] = METRICS[id] or { name = "metric_" .. id, scale = 1, offset = 0, unit = "raw" }
end
local METRIC_NAMES = {}
for id, metric in pairs(METRICS) do
    METRIC_NAMES[id] = metric.name
end
local ITEM_KINDS = { [ITEM_LINK] = "link", [ITEM_DOUBT] = "doubt" }
for count = 1, MAX_PAIRS do
    ITEM_KINDS[ITEM_READINGS + count] = "readings"
end

local MS = { " ms" }
local f = {
    sealed = ProtoField.bool("treering.sealed", "Sealed", 8, nil, 0x80),
    wire_version = ProtoField.uint8("treering.wire_version", "Wire version", base.DEC, nil, 0x60),
    type = ProtoField.uint8("treering.type", "Type", base.DEC, TYPES, 0x1F),
    src = ProtoField.uint16("treering.src", "Source"),
    dst = ProtoField.uint16("treering.dst", "Destination"),
    counter = ProtoField.uint24("treering.counter", "Counter"),
    payload = ProtoField.bytes("treering.payload", "Payload"),
    tag = ProtoField.bytes("treering.tag", "Tag"),
    crc = ProtoField.uint16("treering.crc", "CRC-16", base.HEX),
    drop_reason = ProtoField.uint8("treering.drop_reason", "Drop reason", base.DEC, DROP_REASONS),
    depth = ProtoField.uint8("treering.depth", "Depth"),
    acked_version = ProtoField.uint16("treering.acked_version", "Acked version"),
    duration_ms = ProtoField.uint24("treering.duration_ms", "Duration", base.UNIT_STRING, MS),
    sync = ProtoField.none("treering.sync", "Sync"),
    sync_version = ProtoField.uint16("treering.sync.version", "Version"),
    sync_age = ProtoField.uint24("treering.sync.age", "Age, in units that depend on the period"),
    sync_age_ms = ProtoField.uint32("treering.sync.age_ms", "Age", base.UNIT_STRING, MS),
    sync_hop_count = ProtoField.uint8("treering.sync.hop_count", "Hop count"),
    sync_period_ms = ProtoField.uint24("treering.sync.period_ms", "Period", base.UNIT_STRING, MS),
    help_version = ProtoField.uint16("treering.help.version", "Version"),
    help_hop_count = ProtoField.uint8("treering.help.hop_count", "Hop count"),
    item_kind = ProtoField.uint8("treering.item.kind", "Kind", base.HEX, ITEM_KINDS),
    aggregate = ProtoField.none("treering.aggregate", "Aggregate"),
    aggregate_metric = ProtoField.uint8("treering.aggregate.metric", "Metric", base.DEC, METRIC_NAMES),
    aggregate_version = ProtoField.uint16("treering.aggregate.version", "Version"),
    aggregate_max = ProtoField.uint8("treering.aggregate.max", "Maximum (raw)"),
    aggregate_max_id = ProtoField.uint16("treering.aggregate.max_id", "Maximum at node"),
    aggregate_total = ProtoField.uint16("treering.aggregate.total", "Total (raw)"),
    aggregate_count = ProtoField.uint16("treering.aggregate.count", "Count"),
    aggregate_max_value = ProtoField.double("treering.aggregate.max_value", "Maximum"),
    aggregate_average = ProtoField.double("treering.aggregate.average", "Average"),
    aggregate_unit = ProtoField.string("treering.aggregate.unit", "Unit"),
    aggregate_saturated = ProtoField.bool("treering.aggregate.saturated", "Saturated"),
    link = ProtoField.none("treering.link", "Link"),
    link_child = ProtoField.uint16("treering.link.child", "Child"),
    link_parent = ProtoField.uint16("treering.link.parent", "Parent"),
    link_quality = ProtoField.uint8("treering.link.quality", "Quality"),
    doubt = ProtoField.uint16("treering.doubt", "Nodes in doubt"),
    token_epoch = ProtoField.uint16("treering.token.epoch", "Epoch"),
    token_generator = ProtoField.uint16("treering.token.generator", "Generator"),
    token_sequence = ProtoField.uint32("treering.token.sequence", "Sequence"),
    token_fork = ProtoField.uint32("treering.token.fork", "Fork"),
    token_home = ProtoField.uint16("treering.token.home", "Home"),
    token_follows = ProtoField.uint16("treering.token.follows", "Who follows"),
    token_version = ProtoField.uint16("treering.token.version", "Version"),
    token_next_version = ProtoField.uint16("treering.token.next_version", "Next version"),
    token_age_ms = ProtoField.uint24("treering.token.age_ms", "Age", base.UNIT_STRING, MS),
    token_period_ms = ProtoField.uint24("treering.token.period_ms", "Period", base.UNIT_STRING, MS),
    token_turn = ProtoField.uint8("treering.token.turn", "Turn"),
    token_flags = ProtoField.uint8("treering.token.flags", "Flags", base.HEX),
    token_asked = ProtoField.bool("treering.token.asked", "Readings are asked for", 8, nil, 0x01),
    token_more = ProtoField.bool("treering.token.more", "Readings wait for room", 8, nil, 0x02),
    sign_epoch = ProtoField.uint16("treering.sign.epoch", "Epoch"),
    sign_generator = ProtoField.uint16("treering.sign.generator", "Generator"),
    sign_sequence = ProtoField.uint32("treering.sign.sequence", "Sequence"),
    sign_version = ProtoField.uint16("treering.sign.version", "Version"),
    sign_passed_over = ProtoField.uint16("treering.sign.passed_over", "Passed over"),
    sign_hold_ms = ProtoField.uint24("treering.sign.hold_ms", "Hold", base.UNIT_STRING, MS),
    claim_epoch = ProtoField.uint16("treering.claim.epoch", "Epoch"),
    claim_version = ProtoField.uint16("treering.claim.version", "Version"),
    hello_network = ProtoField.uint8("treering.hello.network", "Network", base.DEC, NETWORKS),
    hello_epoch = ProtoField.uint16("treering.hello.epoch", "Epoch"),
    hello_version = ProtoField.uint16("treering.hello.version", "Version"),
    poll_epoch = ProtoField.uint16("treering.poll.epoch", "Epoch"),
    poll_version = ProtoField.uint16("treering.poll.version", "Version"),
    poll_attempt = ProtoField.uint8("treering.poll.attempt", "Attempt"),
    readings = ProtoField.none("treering.readings", "Readings"),
    reading_epoch = ProtoField.uint16("treering.reading.epoch", "Epoch"),
    reading_version = ProtoField.uint16("treering.reading.version", "Version"),
    reading_attempt = ProtoField.uint8("treering.reading.attempt", "Attempt"),
    reading_node = ProtoField.uint16("treering.reading.node", "Node"),
    reading_metric = ProtoField.uint8("treering.reading.metric", "Metric", base.DEC, METRIC_NAMES),
    reading_raw = ProtoField.uint8("treering.reading.raw", "Reading (raw)"),
    reading_value = ProtoField.double("treering.reading.value", "Reading"),
    life = ProtoField.uint32("treering.life", "Life"),
    challenged_life = ProtoField.uint32("treering.challenged.life", "Challenged life"),
    challenged_counter = ProtoField.uint24("treering.challenged.counter", "Challenged counter"),
    letter_hops = ProtoField.uint8("treering.letter.hops", "Hops left"),
    letter_origin = ProtoField.uint16("treering.letter.origin", "Origin"),
    letter_addressee = ProtoField.uint16("treering.letter.addressee", "Addressee"),
    letter_life = ProtoField.uint32("treering.letter.origin_life", "Life of the origin"),
    letter_counter = ProtoField.uint24("treering.letter.origin_counter", "Counter of the origin"),
    letter_body = ProtoField.bytes("treering.letter.body", "Body"),
    heard_source = ProtoField.uint16("treering.heard.source", "Heard source"),
    heard_counter = ProtoField.uint24("treering.heard.counter", "Heard counter"),
    heard_quality = ProtoField.uint8("treering.heard.quality", "Link quality"),
    boot_life = ProtoField.uint32("treering.boot.life", "Life"),
    boot_counter = ProtoField.uint24("treering.boot.counter", "First counter"),
    boot_cause = ProtoField.uint8("treering.boot.cause", "Cause", base.DEC, BOOT_CAUSES),
    boot_flags = ProtoField.uint8("treering.boot.flags", "Flags", base.HEX),
    boot_settings_crc = ProtoField.uint16("treering.boot.settings_crc", "CRC of the settings", base.HEX),
    pair_step = ProtoField.uint8("treering.pair.step", "Step"),
    pair_body = ProtoField.bytes("treering.pair.body", "Body"),
    beat_epoch = ProtoField.uint16("treering.beat.epoch", "Epoch"),
    beat_version = ProtoField.uint16("treering.beat.version", "Version"),
    beat_age_ms = ProtoField.uint24("treering.beat.age_ms", "Age", base.UNIT_STRING, MS),
    beat_period_ms = ProtoField.uint24("treering.beat.period_ms", "Period", base.UNIT_STRING, MS),
    beat_lease_ms = ProtoField.uint16("treering.beat.lease_ms", "Lease", base.UNIT_STRING, MS),
    beat_heir = ProtoField.uint16("treering.beat.heir", "Heir"),
}
treering.fields = f

local e = {
    checksum = ProtoExpert.new("treering.crc.bad", "CRC-16 differs", expert.group.CHECKSUM, expert.severity.ERROR),
    malformed = ProtoExpert.new("treering.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR),
    undecoded = ProtoExpert.new("treering.undecoded", "Not decoded", expert.group.UNDECODED, expert.severity.NOTE),
}
treering.experts = e
local EXPERTS = { [CHECKSUM] = e.checksum, [SEALED] = e.undecoded, [WIRE_VERSION] = e.undecoded }
EXPERTS[UNKNOWN_TYPE] = e.undecoded

-- A layout is a list of {field, size in bytes}; its values come back in that order.
local SYNC = { { f.sync_version, 2 }, { f.sync_age, 3 }, { f.sync_hop_count, 1 }, { f.sync_period_ms, 3 } }
local AGGREGATE = {
    { f.aggregate_metric, 1 }, { f.aggregate_version, 2 }, { f.aggregate_max, 1 }, { f.aggregate_max_id, 2 },
    { f.aggregate_total, 2 }, { f.aggregate_count, 2 },
}
local LINK = { { f.item_kind, 1 }, { f.link_child, 2 }, { f.link_parent, 2 }, { f.link_quality, 1 } }
local DOUBT = { { f.item_kind, 1 }, { f.doubt, 2 } }
local READINGS = { { f.item_kind, 1 }, { f.reading_node, 2 } }
local PAIR = { { f.reading_metric, 1 }, { f.reading_raw, 1 } }
local TOKEN = {
    { f.token_epoch, 2 }, { f.token_generator, 2 }, { f.token_sequence, 4 }, { f.token_fork, 4 }, { f.token_home, 2 },
    { f.token_follows, 2 }, { f.token_version, 2 }, { f.token_next_version, 2 }, { f.token_age_ms, 3 },
    { f.token_period_ms, 3 }, { f.token_turn, 1 }, { f.token_flags, 1 },
}
local SIGN = {
    { f.sign_epoch, 2 }, { f.sign_generator, 2 }, { f.sign_sequence, 4 }, { f.sign_version, 2 },
    { f.sign_passed_over, 2 }, { f.sign_hold_ms, 3 },
}
local CLAIM = { { f.claim_epoch, 2 }, { f.claim_version, 2 } }
local HELLO = { { f.hello_network, 1 }, { f.hello_epoch, 2 }, { f.hello_version, 2 } }
local POLL = { { f.poll_epoch, 2 }, { f.poll_version, 2 }, { f.poll_attempt, 1 } }
local READING = { { f.reading_epoch, 2 }, { f.reading_version, 2 }, { f.reading_attempt, 1 } }
local CHALLENGE = { { f.life, 4 } }
local RESPONSE = { { f.life, 4 }, { f.challenged_life, 4 }, { f.challenged_counter, 3 } }
local LETTER = {
    { f.letter_hops, 1 }, { f.letter_origin, 2 }, { f.letter_addressee, 2 }, { f.letter_life, 4 }, { f.letter_counter, 3 },
}
local HEARD = { { f.heard_source, 2 }, { f.heard_counter, 3 }, { f.heard_quality, 1 } }
local BOOT = {
    { f.boot_life, 4 }, { f.boot_counter, 3 }, { f.boot_cause, 1 }, { f.boot_flags, 1 }, { f.boot_settings_crc, 2 },
}
local PAIRING = { { f.pair_step, 1 } }
local BEAT = {
    { f.beat_epoch, 2 }, { f.beat_version, 2 }, { f.beat_age_ms, 3 }, { f.beat_period_ms, 3 }, { f.beat_lease_ms, 2 },
}
local HEIR = { { f.beat_heir, 2 } }

local function size_of(layout)
    local size_bytes = 0
    for _, field in ipairs(layout) do
        size_bytes = size_bytes + field[2]
    end
    return size_bytes
end

local function add_fields(tree, tvb, at, layout)
    local values = {}
    for _, field in ipairs(layout) do
        local range = tvb:range(at, field[2])
        tree:add(field[1], range)
        values[#values + 1] = range:uint()
        at = at + field[2]
    end
    return values
end

-- --- CRC-16/CCITT-FALSE, without the bit libraries that differ between versions of Lua ---------------------

local function xor(a, b)
    local result, place = 0, 1
    while a > 0 or b > 0 do
        if a % 2 ~= b % 2 then
            result = result + place
        end
        a, b, place = math.floor(a / 2), math.floor(b / 2), place * 2
    end
    return result
end

local CRC_TABLE = {}
for byte = 0, 255 do
    local crc = byte * 256
    for _ = 1, 8 do
        crc = crc >= 0x8000 and xor(crc * 2 % 0x10000, 0x1021) or crc * 2
    end
    CRC_TABLE[byte] = crc
end

local function crc16(bytes, size_bytes)
    local crc = 0xFFFF
    for i = 0, size_bytes - 1 do
        crc = xor(crc % 256 * 256, CRC_TABLE[xor(math.floor(crc / 256), bytes:get_index(i))])
    end
    return crc
end

-- --- items ------------------------------------------------------------------------------------------------

local function number(value)
    return string.format("%.10g", value)
end

local function describe_aggregate(metric, maximum, max_id, count, saturated)
    if count == 0 then
        return metric.name .. " no reading"
    end
    local value = number(metric.offset + metric.scale * maximum)
    local where = string.format("(%s %s) at %d", value, metric.unit, max_id)
    local text = string.format("%s max %d %s, count %d", metric.name, maximum, where, count)
    return saturated and text .. ", saturated" or text
end

-- Each reader of an item adds it to the tree and to `seen`, and returns what is wrong with it.

local function read_aggregate(tree, tvb, at, seen)
    local branch = tree:add(f.aggregate, tvb:range(at, size_of(AGGREGATE)))
    local values = add_fields(branch, tvb, at, AGGREGATE)
    local id, version, maximum, max_id, total, count = table.unpack(values)
    local metric, saturated = METRICS[id], total == SATURATED or count == SATURATED
    if count > 0 then
        branch:add(f.aggregate_max_value, metric.offset + metric.scale * maximum):set_generated()
        if not saturated then
            branch:add(f.aggregate_average, metric.offset + metric.scale * total / count):set_generated()
        end
    end
    branch:add(f.aggregate_unit, metric.unit):set_generated()
    branch:add(f.aggregate_saturated, saturated):set_generated()
    local text = describe_aggregate(metric, maximum, max_id, count, saturated)
    branch:append_text(": " .. text)
    local twice, another = seen.metrics[id], seen.version and seen.version ~= version
    seen.metrics[id] = true
    seen.version = seen.version or version
    seen.aggregates = seen.aggregates + 1
    seen.texts[#seen.texts + 1] = text
    return (seen.links > 0 or seen.nodes > 0) and "items out of order"
        or twice and "a metric twice"
        or another and "aggregates of two versions"
        or seen.aggregates > MAX_AGGREGATES and "too many items"
end

local function read_link(tree, tvb, at, seen)
    local branch = tree:add(f.link, tvb:range(at, size_of(LINK)))
    local values = add_fields(branch, tvb, at, LINK)
    local quality = values[4] > 0 and "quality " .. values[4] or "given up"
    branch:append_text(string.format(": %d under %d, %s", values[2], values[3], quality))
    seen.links = seen.links + 1
    return seen.links > MAX_LINKS and "too many items"
end

local function read_doubt(tree, tvb, at, seen)
    seen.doubt = add_fields(tree, tvb, at, DOUBT)[2]
    return seen.doubt == 0 and "a doubt of 0"
end

-- The (metric, raw) pairs of one node: what they say, and what is wrong.
local function read_pairs(tree, tvb, at, stop)
    local texts, metrics, wrong = {}, {}, (stop - at) % size_of(PAIR) > 0 and "pairs cut short"
    while not wrong and at < stop do
        local id, raw = table.unpack(add_fields(tree, tvb, at, PAIR))
        local metric = METRICS[id]
        wrong = #texts == MAX_PAIRS and "too many readings"
            or not metric and "a metric above 63"
            or metrics[id] and "a metric twice"
        if metric then
            local value = metric.offset + metric.scale * raw
            tree:add(f.reading_value, value):set_generated()
            texts[#texts + 1] = string.format("%s %d (%s %s)", metric.name, raw, number(value), metric.unit)
            metrics[id] = true
        end
        at = at + size_of(PAIR)
    end
    return table.concat(texts, ", "), wrong
end

local function readings_size(kind)
    return size_of(READINGS) + (kind - ITEM_READINGS) * size_of(PAIR)
end

local function read_readings(tree, tvb, at, seen)
    local stop = at + readings_size(tvb:range(at, 1):uint())
    local branch = tree:add(f.readings, tvb:range(at, stop - at))
    local node = add_fields(branch, tvb, at, READINGS)[2]
    local text, wrong = read_pairs(branch, tvb, at + size_of(READINGS), stop)
    branch:append_text(string.format(" of %d: %s", node, text))
    local twice = seen[node]
    seen[node] = true
    seen.nodes = seen.nodes + 1
    return wrong or twice and "a node twice" or node > MAX_NODE_ID and "no node id"
end

-- By kind: size in bytes, reader.
local ITEMS = {
    [ITEM_LINK] = { size_of(LINK), read_link },
    [ITEM_DOUBT] = { size_of(DOUBT), read_doubt },
}
local TOKEN_ITEMS = {}
for id = 0, MAX_METRIC do
    ITEMS[id] = { size_of(AGGREGATE), read_aggregate }
    TOKEN_ITEMS[id] = ITEMS[id]
end
for kind = ITEM_READINGS + 1, ITEM_READINGS + MAX_PAIRS do
    TOKEN_ITEMS[kind] = { readings_size(kind), read_readings }
end

-- All items from `at` to `stop`, of the kinds that may stand there: what was seen, and what is wrong.
local function read_items(tree, tvb, at, stop, kinds)
    local seen = { metrics = {}, texts = {}, aggregates = 0, links = 0, nodes = 0 }
    while at < stop do
        local kind = tvb:range(at, 1):uint()
        local item = kinds[kind]
        if not item then
            return seen, string.format("item kind 0x%02x", kind)
        end
        local size_bytes, read = table.unpack(item)
        if at + size_bytes > stop then
            return seen, "item cut short"
        end
        local wrong = seen.doubt and "items out of order" or read(tree, tvb, at, seen)
        if wrong then
            return seen, wrong
        end
        at = at + size_bytes
    end
    return seen
end

-- --- payloads ---------------------------------------------------------------------------------------------

local function describe_items(seen)
    local texts = { table.concat(seen.texts, "; ") }
    if seen.links > 0 then
        texts[#texts + 1] = seen.links == 1 and "1 link" or seen.links .. " links"
    end
    if seen.doubt then
        texts[#texts + 1] = seen.doubt .. " in doubt"
    end
    local text = table.concat(texts, ", "):gsub("^, ", "")
    return (seen.version and " round " .. seen.version or "") .. (text ~= "" and ": " .. text or "")
end

local function describe_sync(version, hop_count)
    local distance = hop_count == NO_HOP_COUNT and "no way to the root" or "hop count " .. hop_count
    return string.format(" round %d: %s", version, distance)
end

-- Each reader of a payload takes the range from `at` to `stop`, already of the right size, and returns the text for
-- the Info column and what is wrong.

local function read_sync(tree, tvb, at)
    local branch = tree:add(f.sync, tvb:range(at, size_of(SYNC)))
    local values = add_fields(branch, tvb, at, SYNC)
    branch:add(f.sync_age_ms, values[2] * (1 + math.floor(values[4] / 65536))):set_generated()
    return describe_sync(values[1], values[3])
end

local function read_ack(tree, tvb, at)
    local acked = add_fields(tree, tvb, at, { { f.acked_version, 2 } })[1]
    return string.format(" acks %d,%s", acked, read_sync(tree, tvb, at + 2))
end

local function read_depth(tree, tvb, at)
    return ": depth " .. add_fields(tree, tvb, at, { { f.depth, 1 } })[1]
end

local function read_help(tree, tvb, at)
    local values = add_fields(tree, tvb, at, { { f.help_version, 2 }, { f.help_hop_count, 1 } })
    return values[2] == NO_HOP_COUNT and ": never joined" or describe_sync(values[1], values[2])
end

local function read_report(tree, tvb, at, stop)
    add_fields(tree, tvb, at, { { f.depth, 1 } })
    local seen, wrong = read_items(tree, tvb, at + 1, stop, ITEMS)
    return describe_items(seen), wrong, seen
end

local function read_data(tree, tvb, at, stop)
    local text, wrong, seen = read_report(tree, tvb, at, stop)
    return text, wrong or seen.aggregates == 0 and "DATA without an aggregate"
end

local function read_result(tree, tvb, at, stop)
    local duration_ms = add_fields(tree, tvb, at, { { f.duration_ms, 3 } })[1]
    local seen, wrong = read_items(tree, tvb, at + 3, stop, ITEMS)
    local text = string.format("%s, after %d ms", describe_items(seen), duration_ms)
    return text, wrong or seen.aggregates == 0 and "RESULT without an aggregate"
end

local function read_nothing()
    return ""
end

local function describe_token(version, epoch, generator, sequence)
    return string.format(" round %d: token %d/%d/%d", version, epoch, generator, sequence)
end

local function read_token(tree, tvb, at, stop)
    local values = add_fields(tree, tvb, at, TOKEN)
    local flags = tvb:range(at + size_of(TOKEN) - 1, 1)
    tree:add(f.token_asked, flags)
    tree:add(f.token_more, flags)
    local epoch, generator, sequence, _, home, _, version = table.unpack(values)
    local seen, wrong = read_items(tree, tvb, at + size_of(TOKEN), stop, TOKEN_ITEMS)
    local texts = { string.format("turn %d, home %d", values[11], home), table.unpack(seen.texts) }
    if seen.nodes > 0 then
        texts[#texts + 1] = "readings of " .. (seen.nodes == 1 and "1 node" or seen.nodes .. " nodes")
    end
    return describe_token(version, epoch, generator, sequence) .. ", " .. table.concat(texts, ", "),
        wrong
            or seen.version and seen.version ~= version and "aggregates of another round"
            or (home > MAX_NODE_ID or generator > MAX_NODE_ID) and "no node id"
end

local function read_sign(tree, tvb, at)
    local epoch, generator, sequence, version, passed_over, hold_ms = table.unpack(add_fields(tree, tvb, at, SIGN))
    local text = describe_token(version, epoch, generator, sequence)
    if hold_ms > 0 then
        text = text .. string.format(", the next sign within %d ms", hold_ms)
    end
    if passed_over == MUSTER then
        text = text .. ", muster"
    elseif passed_over ~= NO_ID then
        text = text .. ", passed over " .. passed_over
    end
    return text, generator > MAX_NODE_ID and "no node id"
end

local function read_claim(tree, tvb, at)
    local epoch, version = table.unpack(add_fields(tree, tvb, at, CLAIM))
    return string.format(" round %d: epoch %d", version, epoch)
end

local function read_hello(tree, tvb, at)
    local network, epoch, version = table.unpack(add_fields(tree, tvb, at, HELLO))
    return string.format(" round %d: %s, epoch %d", version, NETWORKS[network] or "network " .. network, epoch)
end

local function describe_poll(epoch, version, attempt)
    return string.format(" round %d: epoch %d, attempt %d", version, epoch, attempt)
end

local function read_poll(tree, tvb, at)
    return describe_poll(table.unpack(add_fields(tree, tvb, at, POLL)))
end

local function read_reading(tree, tvb, at, stop)
    local text = describe_poll(table.unpack(add_fields(tree, tvb, at, READING)))
    local pairs_text, wrong = read_pairs(tree, tvb, at + size_of(READING), stop)
    return text .. ", " .. (pairs_text ~= "" and pairs_text or "no reading"), wrong
end

-- Who takes over after the sender of a beat: their ids, and what is wrong.
local function read_heirs(tree, tvb, at, stop)
    local heirs, seen, wrong = {}, {}, (stop - at) % size_of(HEIR) > 0 and "heirs cut short"
    while not wrong and at < stop do
        local heir = add_fields(tree, tvb, at, HEIR)[1]
        wrong = #heirs == MAX_HEIRS and "too many heirs"
            or heir > MAX_NODE_ID and "an heir that is no node id"
            or seen[heir] and "an heir twice"
        seen[heir] = true
        heirs[#heirs + 1] = heir
        at = at + size_of(HEIR)
    end
    return heirs, wrong
end

local function read_beat(tree, tvb, at, stop)
    local epoch, version, age_ms, _, lease_ms = table.unpack(add_fields(tree, tvb, at, BEAT))
    local text = string.format(" round %d: began %d ms ago, epoch %d, lease %d ms", version, age_ms, epoch, lease_ms)
    local heirs, wrong = read_heirs(tree, tvb, at + size_of(BEAT), stop)
    return #heirs > 0 and text .. ", heirs " .. table.concat(heirs, ", ") or text, wrong
end

local function read_challenge(tree, tvb, at)
    return string.format(" in life 0x%08x", add_fields(tree, tvb, at, CHALLENGE)[1])
end

local function read_response(tree, tvb, at)
    local life, _, challenged = table.unpack(add_fields(tree, tvb, at, RESPONSE))
    return string.format(" in life 0x%08x, to challenge %d", life, challenged)
end

local function read_letter(tree, tvb, at, stop)
    local hops, origin, addressee, life, counter = table.unpack(add_fields(tree, tvb, at, LETTER))
    local body = at + size_of(LETTER)
    if stop > body then
        tree:add(f.letter_body, tvb:range(body, stop - body))
    end
    local wrong = (origin > MAX_NODE_ID or addressee > MAX_NODE_ID) and "origin or addressee is no node id"
        or stop == body and "a letter without a body"
    return string.format(" letter %d of %d for %d, %d hops left", counter, origin, addressee, hops), wrong
end

local function read_heard(tree, tvb, at)
    local source, counter, quality = table.unpack(add_fields(tree, tvb, at, HEARD))
    return string.format(" frame %d of %d, link quality %d", counter, source, quality)
end

local function read_boot(tree, tvb, at)
    local life, counter, cause = table.unpack(add_fields(tree, tvb, at, BOOT))
    return string.format(" 0x%08x/%d after %s", life, counter, BOOT_CAUSES[cause] or "cause " .. cause)
end

local function read_pair(tree, tvb, at, stop)
    local step = add_fields(tree, tvb, at, PAIRING)[1]
    if stop > at + 1 then
        tree:add(f.pair_body, tvb:range(at + 1, stop - at - 1))
    end
    return " step " .. step
end

-- By frame type: smallest size of the payload in bytes, largest, reader.
local PAYLOADS = {
    { 9, 9, read_sync },
    { 0, 0, read_nothing },
    { 9, 9, read_sync },
    { 1, 1, read_depth },
    { 1, MAX_FRAME_BYTES, read_data },
    { 11, 11, read_ack },
    { 3, 3, read_help },
    { 9, 9, read_sync },
    { 1, MAX_FRAME_BYTES, read_report },
    { 11, 11, read_ack },
    { 3, MAX_FRAME_BYTES, read_result },
    { 3, 3, read_help },
    { size_of(TOKEN), MAX_PAYLOAD_BYTES, read_token },
    { size_of(SIGN), size_of(SIGN), read_sign },
    { size_of(CLAIM), size_of(CLAIM), read_claim },
    { size_of(HELLO), size_of(HELLO), read_hello },
    { size_of(POLL), size_of(POLL), read_poll },
    { size_of(READING), MAX_FRAME_BYTES, read_reading },
    { size_of(BEAT), MAX_FRAME_BYTES, read_beat },
    { 0, 0, read_nothing },
    { size_of(CHALLENGE), size_of(CHALLENGE), read_challenge },
    { size_of(RESPONSE), size_of(RESPONSE), read_response },
    { size_of(LETTER), MAX_PAYLOAD_BYTES, read_letter },
    { size_of(HEARD), size_of(HEARD), read_heard },
    { size_of(BOOT), size_of(BOOT), read_boot },
    { size_of(PAIRING), MAX_PAYLOAD_BYTES, read_pair },
}

-- --- frames -----------------------------------------------------------------------------------------------

local function name_of(node_id)
    return node_id == BROADCAST and "all" or node_id == HOST and "host" or tostring(node_id)
end

-- Adds the header; returns sealed, wire version, type, source, and the start of the text for the Info column.
local function read_header(tree, tvb)
    local first = tvb:range(0, 1)
    tree:add(f.sealed, first)
    tree:add(f.wire_version, first)
    tree:add(f.type, first)
    local header = add_fields(tree, tvb, 1, { { f.src, 2 }, { f.dst, 2 }, { f.counter, 3 } })
    local frame_type = first:bitfield(3, 5)
    local name = TYPES[frame_type] or "type " .. frame_type
    local text = string.format("%s %s > %s", name, name_of(header[1]), name_of(header[2]))
    return first:bitfield(0, 1) == 1, first:bitfield(1, 2), frame_type, header[1], text
end

-- Sealed, these show their life after the header (PROTOCOL.md 10.1).
local SHOW_LIFE = { [21] = true, [22] = true }
local LIFE_BYTES = 4

-- Adds all of a frame that can be read; returns the text for the Info column, and of a frame that a receiver would
-- drop the reason and the detail. The checks come in the order of PROTOCOL.md section 4.
local function read_frame(tree, tvb, size_bytes)
    if size_bytes > MAX_FRAME_BYTES then
        return "", OVERSIZED, size_bytes .. " bytes, at most " .. MAX_FRAME_BYTES
    elseif size_bytes < HEADER_BYTES + CRC_BYTES then
        return "", TRUNCATED, size_bytes .. " bytes, at least " .. HEADER_BYTES + CRC_BYTES
    end
    local sealed, wire_version, frame_type, source, text = read_header(tree, tvb)
    if wire_version ~= 0 then
        return text, WIRE_VERSION, "wire version " .. wire_version
    end
    local trailer_bytes = sealed and TAG_BYTES or CRC_BYTES
    local stop = math.max(HEADER_BYTES, size_bytes - trailer_bytes)
    local start = HEADER_BYTES
    if sealed and SHOW_LIFE[frame_type] and stop >= start + LIFE_BYTES then
        text = text .. string.format(" in life 0x%08x", add_fields(tree, tvb, start, CHALLENGE)[1])
        start = start + LIFE_BYTES
    end
    if stop > start then
        tree:add(f.payload, tvb:range(start, stop - start))
    end
    tree:add(sealed and f.tag or f.crc, tvb:range(stop))
    if sealed then
        return text, SEALED, "readable with the key only"
    end
    local crc = crc16(tvb:bytes(), stop)
    if crc ~= tvb:range(stop):uint() then
        return text, CHECKSUM, string.format("CRC-16 is 0x%04x of these bytes", crc)
    end
    local payload = PAYLOADS[frame_type]
    if not payload then
        return text, UNKNOWN_TYPE, "type " .. frame_type
    end
    local payload_bytes = stop - HEADER_BYTES
    if payload_bytes < payload[1] or payload_bytes > payload[2] then
        return text, MALFORMED, string.format("%s with a payload of %d bytes", TYPES[frame_type], payload_bytes)
    end
    local meaning, wrong = payload[3](tree, tvb, HEADER_BYTES, stop)
    wrong = wrong or source > MAX_NODE_ID and string.format("source 0x%04x is no node id", source)
    return text .. meaning, wrong and MALFORMED, wrong
end

function treering.dissector(tvb, pinfo, root)
    local size_bytes = tvb:captured_len()
    local tree = size_bytes > 0 and root:add(treering, tvb:range()) or root:add(treering)
    local text, reason, detail = read_frame(tree, tvb, size_bytes)
    if reason then
        tree:add(f.drop_reason, reason):set_generated()
        tree:add_proto_expert_info(EXPERTS[reason] or e.malformed, DROP_REASONS[reason] .. ": " .. detail)
        text = string.format("%s [%s: %s]", text, DROP_REASONS[reason], detail):gsub("^ ", "")
    end
    tree:append_text(text ~= "" and ", " .. text or "")
    pinfo.cols.protocol = "Treering"
    pinfo.cols.info = text
    return size_bytes
end

DissectorTable.get("wtap_encap"):add((wtap or wtap_encaps).USER0, treering)
DissectorTable.get("udp.port"):add(UDP_PORT, treering)
