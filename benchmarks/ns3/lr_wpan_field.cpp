// The field of simulator_speed.py in ns-3: the same number of nodes on the same square with the same range,
// each of which broadcasts the 9 bytes of an aggregate every 10 s over IEEE 802.15.4 with its CSMA/CA.
//
//   lr_wpan_field --nodes=1000 --seed=1 --seconds=20 --range=10
//
// Prints one JSON object: seconds of the set-up and of the run (by the wall clock and of processor time),
// events, frames sent and received.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <vector>

#include <ns3/core-module.h>
#include <ns3/lr-wpan-module.h>
#include <ns3/mobility-module.h>
#include <ns3/network-module.h>
#include <ns3/propagation-module.h>
#include <ns3/single-model-spectrum-channel.h>

using namespace ns3;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kNeighbours = 15.0; // a node away from the border hears so many, on average
constexpr double kPeriodS = 10.0;
constexpr uint32_t kPayloadBytes = 9;
constexpr uint32_t kMaxNodes = 0xFFFD; // 802.15.4 short addresses, without the two that are set apart
// RangePropagationLossModel leaves -1000 dBm beyond its range. The channel hands even those signals to every
// receiver of the field, unless it has a limit.
constexpr double kMaxLossDb = 500.0;

class Field {
public:
    Field(uint32_t nodes, double range_m, bool limit)
        : m_rangeM(range_m), m_sideM(std::sqrt(nodes * kPi * range_m * range_m / kNeighbours))
    {
        m_nodes.Create(nodes);
        Place();
        Equip(limit);
        for (uint32_t i = 0; i < nodes; ++i) {
            Simulator::Schedule(Seconds(m_random->GetValue(0, kPeriodS)), &Field::Broadcast, this, i);
        }
    }

    /// Nodes in range of a node, on average. Reckoned from the places: no part of the run.
    double Neighbours() const
    {
        uint64_t links = 0;
        for (uint32_t a = 0; a < m_nodes.GetN(); ++a) {
            for (uint32_t b = a + 1; b < m_nodes.GetN(); ++b) {
                links += CalculateDistance(m_places[a], m_places[b]) <= m_rangeM;
            }
        }
        return 2.0 * links / m_nodes.GetN();
    }

    uint64_t sent = 0;
    uint64_t received = 0;

private:
    void Place()
    {
        for (uint32_t i = 0; i < m_nodes.GetN(); ++i) {
            m_places.emplace_back(m_random->GetValue(0, m_sideM), m_random->GetValue(0, m_sideM), 0);
            auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition(m_places[i]);
            m_nodes.Get(i)->AggregateObject(mobility);
        }
    }

    void Equip(bool limit)
    {
        auto loss = CreateObject<RangePropagationLossModel>();
        loss->SetAttribute("MaxRange", DoubleValue(m_rangeM));
        auto channel = CreateObject<SingleModelSpectrumChannel>();
        if (limit) {
            channel->SetAttribute("MaxLossDb", DoubleValue(kMaxLossDb));
        }
        channel->AddPropagationLossModel(loss);
        channel->SetPropagationDelayModel(CreateObject<ConstantSpeedPropagationDelayModel>());

        m_wpan.SetChannel(channel);
        m_devices = m_wpan.Install(m_nodes);
        m_wpan.AssociateToPan(m_devices, 0);
        for (uint32_t i = 0; i < m_devices.GetN(); ++i) {
            Mac(i)->SetMcpsDataConfirmCallback(MakeCallback(&Field::Confirmed, this));
            Mac(i)->SetMcpsDataIndicationCallback(MakeCallback(&Field::Received, this));
        }
    }

    Ptr<LrWpanMac> Mac(uint32_t node) const
    {
        return StaticCast<LrWpanNetDevice>(m_devices.Get(node))->GetMac();
    }

    void Broadcast(uint32_t node)
    {
        McpsDataRequestParams request;
        request.m_dstAddr = Mac16Address("ff:ff");
        Mac(node)->McpsDataRequest(request, Create<Packet>(kPayloadBytes));
        Simulator::Schedule(Seconds(kPeriodS), &Field::Broadcast, this, node);
    }

    void Confirmed(McpsDataConfirmParams outcome) { sent += outcome.m_status == IEEE_802_15_4_SUCCESS; }

    void Received(McpsDataIndicationParams, Ptr<Packet>) { ++received; }

    double m_rangeM;
    double m_sideM;
    NodeContainer m_nodes;
    NetDeviceContainer m_devices;
    LrWpanHelper m_wpan;
    std::vector<Vector> m_places;
    Ptr<UniformRandomVariable> m_random = CreateObject<UniformRandomVariable>();
};

using Clock = std::chrono::steady_clock;

double WallSeconds(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void RunUntil(Time end)
{
    Simulator::Stop(end - Simulator::Now());
    Simulator::Run();
}

} // namespace

int main(int argc, char *argv[])
{
    uint32_t nodes = 100;
    uint32_t seed = 1;
    double seconds = 10;
    double range_m = 10;
    bool limit = true;
    CommandLine command;
    command.AddValue("nodes", "how many", nodes);
    command.AddValue("seed", "of the places and of all that is random, 1 or more", seed);
    command.AddValue("seconds", "simulated time", seconds);
    command.AddValue("range", "of every node's radio, in metres", range_m);
    command.AddValue("limit", "let the channel skip whoever is out of range, which ns-3 does not by itself",
                     limit);
    command.Parse(argc, argv);
    if (nodes < 1 || nodes > kMaxNodes || seed < 1 || !(seconds > 0) || !(range_m > 0)) {
        std::cerr << "lr_wpan_field: --nodes takes 1 to " << kMaxNodes
                  << ", --seed 1 or more, --seconds and --range more than 0\n";
        return 2;
    }

    RngSeedManager::SetSeed(seed);
    auto start = Clock::now();
    Field field(nodes, range_m, limit);
    RunUntil(NanoSeconds(1)); // ns-3 initialises its nodes at time 0
    const double set_up_s = WallSeconds(start);

    const uint64_t events_before = Simulator::GetEventCount();
    start = Clock::now();
    const std::clock_t cpu_start = std::clock();
    RunUntil(Seconds(seconds));
    const double cpu_s = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    const double wall_s = WallSeconds(start);

    std::printf(
        "{\"nodes\": %u, \"neighbours\": %.2f, \"simulated_s\": %g, \"set_up_s\": %.4f, \"wall_s\": %.4f, "
        "\"cpu_s\": %.4f, \"events\": %llu, \"frames_sent\": %llu, \"frames_received\": %llu}\n",
        nodes, field.Neighbours(), seconds, set_up_s, wall_s, cpu_s,
        static_cast<unsigned long long>(Simulator::GetEventCount() - events_before),
        static_cast<unsigned long long>(field.sent), static_cast<unsigned long long>(field.received));
    Simulator::Destroy();
    return 0;
}
