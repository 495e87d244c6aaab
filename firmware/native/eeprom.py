"""What is in a board's EEPROM when it is put into a field (PROTOCOL.md section 16)."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.aggregate import HUMIDITY, SOIL_MOISTURE, TEMPERATURE, WIND_SPEED
from protocol.keys import Keys
from protocol.payloads import Network
from protocol.settings import ERASED, Sensors, Settings, eeprom_image

# Of the line between a board and its radio: that of a line without one, so that the radio alone is slow.
AIR_BAUD = 115_200
# What each sensor measures, in the order of the readings.
MEASURED = {
    Sensors.SHT31: (TEMPERATURE.id, HUMIDITY.id),
    Sensors.SOIL_MOISTURE: (SOIL_MOISTURE.id,),
    Sensors.WIND: (WIND_SPEED.id,),
}


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """What the boards of a field have in common; without a master key their network is open."""

    network: Network = Network.TREE
    sensors: Sensors = Sensors.SHT31
    master: bytes | None = field(default=None, repr=False)
    gateways: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    period_ms: int | None = None

    @property
    def metrics(self) -> tuple[int, ...]:
        """What a board measures."""
        return tuple(metric for sensor in MEASURED if sensor in self.sensors for metric in MEASURED[sensor])

    def of(self, node_id: int, first_life: int) -> Settings:
        """Those of one board; an open one's jitter comes from the life (u32)."""
        keys = self.master and Keys.of_master(self.master, node_id).of_member(node_id)
        return Settings(
            node_id=node_id,
            network=self.network,
            network_key=keys.network if keys else None,
            node_key=keys.node if keys else None,
            gateways=self.gateways if keys else (),
            first_life=first_life,
            sensors=self.sensors,
            period_ms=self.period_ms,
            air_baud=AIR_BAUD,
            order=self.order,
        )


def sensors_for(metrics: tuple[int, ...]) -> Sensors:
    """Those that measure these. Raises ValueError for what no board measures."""
    found = Sensors(0)
    for metric in metrics:
        sensor = next((sensor for sensor, measured in MEASURED.items() if metric in measured), None)
        if sensor is None:
            raise ValueError(f"no board measures metric {metric}")
        found |= sensor
    return found


def field_eeprom(settings: Settings, size: int) -> bytes:
    """An EEPROM of `size` bytes with these settings. Raises SettingsError."""
    return eeprom_image(settings).ljust(size, bytes([ERASED]))
