// Treering node for Arduino boards: ports, clock, memory, sensors and light around the protocol core.
//
// Wiring: firmware/README.md. Settings: `treering provision` makes them, `treering flash` brings them to the
// board.

#include <avr/interrupt.h>
#include <avr/power.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "clock.h"
#include "hardware.h"
#include "light.h"
#include "memory.h"
#include "ports.h"
#include "sensors.h"
#include "start.h"
#include "trace.h"

#ifndef TR_NODE_ID
#define TR_NODE_ID 2 // of a board without settings
#endif

// What is inlined into the loop has its variables on the stack for ever.
#define NOINLINE __attribute__((noinline))

static const uint8_t MOST_IDLE_MS = 16;
static const uint32_t BOOT_PERIOD_MS = 60000;
static const uint8_t BOOT_BYTES = TR_NUMBER_BYTES + 4;
static const uint8_t MOST_LISTED = 16;
static const uint8_t FRAME_TYPE_MASK = 0x1F;
static const uint16_t DEFAULT_HOLD_S = 60;

static network_config_t config;
static network_node_t node;
static tr_seal_config_t seal_config;
static tr_seal_t seal;
static tr_letters_config_t letters_config;
static tr_letters_t letters; // in a sealed network
static bool is_sealed;
static bool has_begun; // the node itself, after the introduction
static bool was_counter_lost;
static bool has_host;
static uint32_t boot_due_ms;
static uint8_t stream[TR_MAX_STREAM_BYTES];
static uint8_t *const frame = stream + 1; // received or to be sent
static uint16_t measured_version;
static uint8_t wired; // sensors

// --- the network ---

static void take_events()
{
    tr_event_t event;
    while (NETWORK(next_event)(&node, &event)) {
        trace(event);
        if (event.kind == TR_EVENT_MEASUREMENT_DUE) {
            measured_version = event.value;
            sensors_request();
        }
    }
}

// The neighbour filter (settings key 10), which makes a network of many hops in one room.
static bool NOINLINE is_heard()
{
    uint16_t neighbours[MOST_LISTED];
    uint8_t count = setting_nodes(TR_SETTING_NEIGHBOURS, neighbours, MOST_LISTED);
    bool is_listed = count == 0;
    while (count--) {
        is_listed = is_listed || neighbours[count] == tr_get_u16(frame + 1);
    }
    return is_listed;
}

// A sealed frame becomes an open one. Returns its length; 0: nothing is left to be done with it.
static uint8_t opened(uint8_t length, uint32_t now_ms)
{
    int result = tr_seal_open(&seal, frame, length, now_ms);
    if (result > 0 && (frame[0] & FRAME_TYPE_MASK) == TR_LETTER) {
        result = tr_letters_receive(&letters, frame, result, now_ms);
    }
    if (result < 0) {
        trace({TR_EVENT_FRAME_DROPPED, tr_get_u16(frame + 1), uint16_t(-result)});
    }
    return result > 0 ? result : 0;
}

static void receive(uint8_t length, uint32_t now_ms)
{
    if (!is_heard()) {
        return;
    }
    if (is_sealed) {
        length = opened(length, now_ms);
    }
    if (length > 0 && has_begun) {
        NETWORK(receive)(&node, frame, length, now_ms);
        take_events();
    }
}

// --- what the board tells its host ---

static uint8_t make_frame(uint8_t type, uint8_t payload_bytes)
{
    const tr_frame_t made = {
        type,         seal_config.node_id, TR_HOST, network_take_counter(node), frame + TR_HEADER_BYTES,
        payload_bytes};
    return tr_frame_encode(&made, frame);
}

static uint8_t make_boot()
{
    uint8_t *payload = frame + TR_HEADER_BYTES;
    memcpy(payload, seal_config.first, TR_NUMBER_BYTES);
    payload[TR_NUMBER_BYTES] = start_cause();
    payload[TR_NUMBER_BYTES + 1] = is_sealed | (setting_u8(TR_SETTING_ROLES, 0) & TR_ROLE_ROOT) << 1 |
                                   TR_GATEWAY << 2 | was_counter_lost << 3 | !memory.has_settings << 4;
    tr_put_u16(payload + TR_NUMBER_BYTES + 2, tr_store_settings_crc(&memory));
    return make_frame(TR_BOOT, BOOT_BYTES);
}

// The next frame that is due; 0: none. A frame is made when line and buffer are free for it. Until then it
// waits in the node's outbox, where it takes 9 bytes and its clock stays right.
static uint8_t next_frame(uint32_t now_ms, enum tr_link_name &link)
{
    int length = 0;
    link = TR_LINK_AIR;
    if (is_sealed) {
        length = tr_seal_next_frame(&seal, now_ms, frame);
        if (length == 0 && has_begun) {
            length = tr_letters_next_frame(&letters, now_ms, frame);
        }
        if (length > 0) {
            return length;
        }
    }
#if TR_GATEWAY
    if (ports_take_heard(frame + TR_HEADER_BYTES)) {
        link = TR_LINK_HOST;
        length = make_frame(TR_HEARD, HEARD_BYTES);
    }
#endif
    if (length <= 0 && !has_begun) {
        return 0;
    }
    if (length <= 0 && has_host && int32_t(now_ms - boot_due_ms) >= 0) {
        link = TR_LINK_HOST;
        boot_due_ms = now_ms + BOOT_PERIOD_MS;
        length = make_boot();
    }
    if (length <= 0) {
        length = NETWORK(next_frame)(&node, now_ms, frame, TR_MAX_FRAME_BYTES, &link);
    }
    return length > 0 && is_sealed ? tr_seal_close(&seal, frame, length) : length;
}

// --- the loop ---

// One frame in or out; false: there is none. One at a time, so that whoever floods a line does not stop the
// timers.
static bool carry_frame(uint32_t now_ms)
{
    if (!ports_are_free()) {
        return false;
    }
    uint8_t length = ports_receive(stream);
    if (length > 0) {
        receive(length, now_ms);
    } else {
        enum tr_link_name link;
        length = next_frame(now_ms, link);
        if (length > 0) {
            ports_send(stream, length, link);
        }
    }
    if (length > 0) {
        light_flash(now_ms);
    }
    return length > 0;
}

// One actuator, on or off, on pin 7: at its safe value from the start.
static void drive_actuator(uint32_t now_ms)
{
    tr_letters_handle_timer(&letters, now_ms);
    if (letters.value) {
        ACTUATOR_PORT |= _BV(ACTUATOR_BIT);
    } else {
        ACTUATOR_PORT &= ~_BV(ACTUATOR_BIT);
    }
}

static uint8_t light_code()
{
    if (was_counter_lost) {
        return LIGHT_COUNTER_LOST;
    }
    if (!memory.has_settings) {
        return LIGHT_SETTINGS_LOST;
    }
    if (sensors_is_one_missing()) {
        return LIGHT_SENSOR_MISSING;
    }
    return network_is_joined(node) ? LIGHT_WELL : LIGHT_SEARCHING;
}

static void handle_timers(uint32_t now_ms)
{
    if (!has_begun) {
        has_begun = !is_sealed || now_ms >= TR_INTRODUCTION_MS;
        if (!has_begun) {
            return;
        }
        NETWORK(init)(&node, &config, now_ms);
        if (is_sealed) {
            tr_letters_start(&letters);
        }
    }
    NETWORK(handle_timer)(&node, now_ms);
    take_events();
    if (is_sealed) {
        drive_actuator(now_ms);
    }
    if (sensors_handle_timer(clock_ms())) {
        tr_reading_t readings[MOST_READINGS];
        const uint8_t count = sensors_readings(readings, now_ms);
        NETWORK(measure)(&node, measured_version, readings, count, now_ms);
        take_events();
    }
}

// How long there is nothing to do, if nothing comes in: until the node has, or for so long that seal, letters
// and light are not late. A gateway's queues want to be served.
static uint8_t NOINLINE idle_ms(uint32_t now_ms)
{
    if (TR_GATEWAY || !ports_are_free() || !has_begun || sensors_are_busy()) {
        return 0;
    }
    const uint32_t wait_ms = NETWORK(wait_ms)(&node, now_ms);
    return wait_ms < MOST_IDLE_MS ? wait_ms : MOST_IDLE_MS;
}

// Idle until the next interrupt: a byte, room for a byte, or the millisecond tick. sei() takes effect after
// the instruction that follows it, so no byte can slip in between the test and the sleep. Deeper sleep stops
// the clock of the serial port, which would lose what comes in: the ATmega328P cannot wake by a byte.
static void sleep_until_interrupt()
{
    set_sleep_mode(SLEEP_MODE_IDLE);
    cli();
    if (!ports_are_free() || !ports_have_news()) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

// --- the start ---

static bool read_key(void *, enum tr_key which, uint8_t *key)
{
    static const uint8_t settings[] PROGMEM = {TR_SETTING_NETWORK_KEY, TR_SETTING_NEXT_NETWORK_KEY,
                                               TR_SETTING_NODE_KEY};
    return tr_store_get(&memory, pgm_read_byte(settings + which), key, TR_KEY_BYTES) == TR_KEY_BYTES;
}

static bool reserve(void *, const uint8_t *limit)
{
    return tr_store_reserve(&memory, limit);
}

static void begin_epoch(void *)
{
    uint8_t epoch[2];
    uint8_t key[TR_KEY_BYTES];
    tr_put_u16(epoch, setting_u16(TR_SETTING_NEXT_EPOCH, 0));
    tr_store_get(&memory, TR_SETTING_NEXT_NETWORK_KEY, key, TR_KEY_BYTES);
    const tr_change_t changes[] = {{TR_SETTING_EPOCH, sizeof epoch, epoch},
                                   {TR_SETTING_NETWORK_KEY, TR_KEY_BYTES, key},
                                   {TR_SETTING_NEXT_NETWORK_KEY, 0, nullptr},
                                   {TR_SETTING_NEXT_EPOCH, 0, nullptr}};
    tr_store_change(&memory, changes, 4);
}

// In an open network, too, no two starts have the same session.
static void reserve_session()
{
    uint8_t limit[TR_NUMBER_BYTES];
    memcpy(limit, seal_config.first, TR_NUMBER_BYTES);
    tr_number_add(limit, TR_NUMBER_BYTES - 2, TR_RESERVED_NUMBERS >> 8);
    tr_store_reserve(&memory, limit);
}

// What a letter may change takes effect at once, but for roles, period and order: at the next start.
static void apply_settings()
{
    seal_config.gateway_count = setting_nodes(TR_SETTING_GATEWAYS, seal_config.gateways, TR_MAX_GATEWAYS);
    letters_config.controller = setting_u16(TR_SETTING_CONTROLLER, TR_NO_NODE);
    letters_config.safe_value = setting_u8(TR_SETTING_SAFE_VALUE, 0);
    letters_config.hold_s = setting_u16(TR_SETTING_HOLD_S, DEFAULT_HOLD_S);
    if (letters_config.hold_s == 0) {
        letters_config.hold_s = DEFAULT_HOLD_S;
    }
    wired = setting_u8(TR_SETTING_SENSORS, TR_SENSOR_SHT31 | TR_SENSOR_SYNTHETIC);
    sensors_begin(wired, seal_config.node_id, clock_ms());
}

static enum tr_letter_status status_of(bool is_kept)
{
    return is_kept ? TR_STATUS_DONE : TR_STATUS_OUT_OF_RANGE;
}

static enum tr_letter_status change_setting(void *, uint8_t key, const uint8_t *value, uint8_t length)
{
    const tr_change_t change = {key, length, value};
    const bool is_kept = tr_store_change(&memory, &change, 1);
    apply_settings();
    return status_of(is_kept);
}

static enum tr_letter_status take_key(void *, uint16_t epoch, const uint8_t *key)
{
    uint8_t current[TR_KEY_BYTES];
    const uint16_t current_epoch = setting_u16(TR_SETTING_EPOCH, 0);
    uint8_t next_epoch[2];
    tr_put_u16(next_epoch, epoch);
    const tr_change_t changes[] = {{TR_SETTING_NEXT_NETWORK_KEY, TR_KEY_BYTES, key},
                                   {TR_SETTING_NEXT_EPOCH, sizeof next_epoch, next_epoch}};
    if (epoch == current_epoch) {
        read_key(nullptr, TR_KEY_NETWORK, current);
        return status_of(memcmp(current, key, TR_KEY_BYTES) == 0);
    }
    return status_of(epoch > current_epoch && tr_store_change(&memory, changes, 2));
}

static void configure()
{
    was_counter_lost = memory_begin(seal_config.first) == TR_COUNTER_LOST;
    seal_config.node_id = setting_u16(TR_SETTING_NODE_ID, TR_NODE_ID);
    seal_config.overhears = TR_NETWORK != NETWORK_TREE;
    seal_config.seed = memory_seed(seal_config.first, TR_NUMBER_BYTES) + seal_config.node_id;
    seal_config.read_key = read_key;
    seal_config.begin_epoch = begin_epoch;
    seal_config.reserve = reserve;
    letters_config.has_actuator = setting_u8(TR_SETTING_ROLES, 0) & TR_ROLE_ACTUATOR;
    letters_config.change_setting = change_setting;
    letters_config.take_key = take_key;
    trace_seed(seal_config.seed);
    is_sealed = tr_store_get(&memory, TR_SETTING_NETWORK_KEY, nullptr, 0) == TR_KEY_BYTES;
    has_host = TR_GATEWAY || setting_u32(TR_SETTING_AIR_BAUD, 0) == 0;
    apply_settings();
    network_configure(config, seal_config.node_id, seal_config.seed, wired);
}

#ifndef USBCON
// The core's own would start every timer, for analogWrite(), and the ADC; but USB needs it.
void init()
{
}
#endif

void setup()
{
    power_spi_disable();
#ifndef USBCON
    power_timer0_disable();
    power_timer2_disable();
#endif
    light_begin();
    clock_begin();
    sei();
    configure();
    if (is_sealed) {
        tr_seal_init(&seal, &seal_config, clock_ms());
        tr_letters_init(&letters, &letters_config, &seal);
        drive_actuator(clock_ms());
        ACTUATOR_DDR |= letters_config.has_actuator << ACTUATOR_BIT;
    } else {
        reserve_session();
    }
    ports_begin(setting_u32(TR_SETTING_AIR_BAUD, DEFAULT_BAUD), seal_config.node_id);
    wdt_enable(WDTO_2S);
}

// A sealed frame takes some milliseconds: each part looks at the clock anew. Returns when there is more to
// do.
static uint32_t work()
{
    wdt_reset();
    ports_serve();
    const bool has_carried = carry_frame(clock_ms());
    handle_timers(clock_ms());
    light_handle_timer(light_code(), clock_ms());
    const uint32_t now_ms = clock_ms();
    return has_carried ? now_ms : now_ms + idle_ms(now_ms);
}

void loop()
{
    static uint32_t due_ms;
    if (ports_have_news() || int32_t(clock_ms() - due_ms) >= 0) {
        due_ms = work();
    }
    sleep_until_interrupt();
}
