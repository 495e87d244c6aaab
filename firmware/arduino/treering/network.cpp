#include "network.h"

#include "memory.h"

#if TR_NETWORK == NETWORK_TREE || TR_NETWORK == NETWORK_POLLING
static uint8_t first_metric(uint8_t sensors)
{
    if (sensors & (TR_SENSOR_SHT31 | TR_SENSOR_SYNTHETIC)) {
        return TR_METRIC_TEMPERATURE;
    }
    return sensors & TR_SENSOR_SOIL_MOISTURE ? TR_METRIC_SOIL_MOISTURE : TR_METRIC_WIND_SPEED;
}
#endif

static uint32_t count(uint32_t &counter)
{
    const uint32_t taken = counter;
    counter = (taken + 1) & TR_MAX_U24;
    return taken;
}

#if TR_NETWORK == NETWORK_TREE

bool network_is_joined(const network_node_t &node)
{
    return node.state == TR_STATE_JOINED;
}

void network_configure(network_config_t &config, uint16_t node_id, uint32_t seed, uint8_t sensors)
{
    config = tr_node_config_default(node_id, seed);
    config.first_metric = first_metric(sensors);
#if TR_CAN_BE_ROOT
    config.is_root = setting_u8(TR_SETTING_ROLES, 0) & TR_ROLE_ROOT;
#endif
#if !TR_FIXED_TIMING
    config.timing.period_ms = setting_u32(TR_SETTING_PERIOD_MS, config.timing.period_ms);
#endif
}

uint32_t network_take_counter(network_node_t &node)
{
    return count(node.counter);
}

#else

static const uint8_t MOST_LISTED = 16;

static void configure_peer(tr_peer_config_t &peer)
{
    static uint16_t order[MOST_LISTED];
    peer.order_count = setting_nodes(TR_SETTING_ORDER, order, MOST_LISTED);
    peer.order = order;
}

#if TR_NETWORK == NETWORK_RING

uint32_t network_take_counter(network_node_t &node)
{
    return count(node.node.counter);
}

bool network_is_joined(const network_node_t &node)
{
    return node.node.peers.count > 0;
}

void network_configure(network_config_t &config, uint16_t node_id, uint32_t seed, uint8_t sensors)
{
    config = tr_ring_config_default(node_id, seed);
    configure_peer(config.peer);
    config.timing.period_ms = setting_u32(TR_SETTING_PERIOD_MS, config.timing.period_ms);
    config.metric_count = 0;
    if (sensors & (TR_SENSOR_SHT31 | TR_SENSOR_SYNTHETIC)) {
        config.metrics[config.metric_count++] = TR_METRIC_TEMPERATURE;
        config.metrics[config.metric_count++] = TR_METRIC_HUMIDITY;
    }
    if (sensors & TR_SENSOR_SOIL_MOISTURE) {
        config.metrics[config.metric_count++] = TR_METRIC_SOIL_MOISTURE;
    }
    if (sensors & TR_SENSOR_WIND) {
        config.metrics[config.metric_count++] = TR_METRIC_WIND_SPEED;
    }
}

#else

uint32_t network_take_counter(network_node_t &node)
{
    return count(node.base.counter);
}

bool network_is_joined(const network_node_t &node)
{
    return node.base.peers.count > 0;
}

void network_configure(network_config_t &config, uint16_t node_id, uint32_t seed, uint8_t sensors)
{
    config = tr_polling_config_default(node_id, seed);
    configure_peer(config.peer);
    config.first_metric = first_metric(sensors);
    config.timing.period_ms = setting_u32(TR_SETTING_PERIOD_MS, config.timing.period_ms);
}

#endif
#endif
