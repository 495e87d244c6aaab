# The boards' images, for firmware/Makefile: $(BUILD)/IMAGE.elf and .hex of each of $(IMAGES).

ARDUINO_AVR ?= /usr/share/arduino/hardware/arduino/avr
ARDUINO_H   := $(ARDUINO_AVR)/cores/arduino/Arduino.h
SKETCH      := arduino/treering
F_CPU       := 16000000L

IMAGES := treering-uno treering-uno-ring treering-uno-polling treering-mega treering-leonardo

# Of each kind of board: its chip, its variant and name in the Arduino platform, the flash below the settings' page
# (PROTOCOL.md 16.2), and the RAM. A Nano is an Uno whose bootloader has another baud rate.
uno      := atmega328p standard AVR_UNO 30592 2048
mega     := atmega2560 mega AVR_MEGA2560 253824 8192
leonardo := atmega32u4 leonardo AVR_LEONARDO 28544 2560

# Of each image: its board, and what the core holds and is able to do there (core/tr_config.h).
treering-uno         := uno -DTR_CAN_BE_ROOT=0 -DTR_FIXED_TIMING=1 -DTR_RING_BYTES=128
treering-uno-ring    := uno -DTR_NETWORK=1 -DTR_RING_BYTES=128 -DTR_MAX_PEERS=10
treering-uno-polling := uno -DTR_NETWORK=2 -DTR_RING_BYTES=128 -DTR_MAX_PEERS=10
treering-mega        := mega -DTR_MAX_CHILDREN=32 -DTR_OUTBOX_FRAMES=24 -DTR_MAX_SENDERS=64
treering-leonardo    := leonardo -DTR_CAN_BE_ROOT=0 -DTR_FIXED_TIMING=1 -DTR_MAX_CHILDREN=4 \
                        -DTR_MAX_HEARD=8 -DTR_MAX_SENDERS=8 -DTR_QUEUE_BYTES=128 -DTR_RING_BYTES=128

# The sealed tree node has limits of its own, which it must not pass; its aim is 12,288 bytes of flash and 700 of RAM.
TREE_FLASH_BYTES := 23552
TREE_RAM_BYTES   := 1300

# What a board's Arduino core needs: of the Leonardo's all but String, for USB; else main() alone. String does not
# compile with avr-libc's headers here (DECIMAL_DIG).
ARDUINO_ALL  := $(filter-out %/WString.cpp, $(wildcard $(ARDUINO_AVR)/cores/arduino/*.c $(ARDUINO_AVR)/cores/arduino/*.cpp))
ARDUINO_MAIN := $(ARDUINO_AVR)/cores/arduino/main.cpp

board_of   = $(word 1,$($(1)))
mcu_of     = $(word 1,$($(board_of)))
variant_of = $(word 2,$($(board_of)))
name_of    = $(word 3,$($(board_of)))
flash_of   = $(word 4,$($(board_of)))
ram_of     = $(word 5,$($(board_of)))
arduino_of = $(if $(filter leonardo,$(board_of)),$(ARDUINO_ALL),$(ARDUINO_MAIN))

# The options of the Arduino platform's own recipes (platform.txt), then what makes an image a tenth smaller than the
# IDE's: shared prologues, relaxed jumps, and no copies of small functions.
AVR_FLAGS = -mmcu=$(mcu_of) -DF_CPU=$(F_CPU) -DARDUINO=10819 -DARDUINO_$(name_of) -DARDUINO_ARCH_AVR \
            $(if $(filter leonardo,$(board_of)),-DUSB_VID=0x2341 -DUSB_PID=0x8036 '-DUSB_PRODUCT="Arduino Leonardo"') \
            $(wordlist 2,99,$($(1))) -Os -g -flto -ffunction-sections -fdata-sections \
            -mcall-prologues -mrelax -mstrict-X -fno-inline-small-functions -fno-move-loop-invariants -fno-gcse
AVR_C     = avr-gcc $(AVR_FLAGS) -fno-fat-lto-objects
AVR_CXX   = avr-g++ $(AVR_FLAGS) -std=gnu++11 -fno-exceptions -fno-threadsafe-statics -Wno-error=narrowing
ARDUINO_INCLUDES = -I$(ARDUINO_AVR)/cores/arduino -I$(ARDUINO_AVR)/variants/$(variant_of)

# Prints what an image, of that name, takes of so much flash and RAM; fails if that is more.
take = avr-size -A $(BUILD)/$(1).elf | awk -v name="$(2)" -v flash_max=$(3) -v ram_max=$(4) ' \
         $$1 == ".text" || $$1 == ".data" { flash += $$2 } \
         $$1 == ".data" || $$1 == ".bss" || $$1 == ".noinit" { ram += $$2 } \
         END { printf "%s: flash %d of %d bytes (%d %%), static RAM %d of %d bytes (%d %%)\n", \
                 name, flash, flash_max, 100 * flash / flash_max, ram, ram_max, 100 * ram / ram_max; \
               exit flash > flash_max || ram > ram_max }'

# As the IDE does with a sketch's main file: C++, with Arduino.h included before it.
define image_rules
$(BUILD)/$(1).elf: $(call objects,$(1),$(SKETCH)/treering.ino $(wildcard $(SKETCH)/*.cpp) $(CORE_SOURCES) $(CORE_ASSEMBLY)) \
                   $(BUILD)/$(1)/arduino.a
	$(AVR_C) -fuse-linker-plugin -Wl,--gc-sections -o $$@.new $$^ -lm
	mv $$@.new $$@

$(BUILD)/$(1)/arduino.a: $(patsubst %,$(BUILD)/$(1)/arduino/%.o,$(notdir $(arduino_of)))
	rm -f $$@
	avr-gcc-ar rcs $$@ $$^

$(BUILD)/$(1)/%.c.o: core/%.c images.mk | $(BUILD)/$(1)/arduino
	$(AVR_C) -std=c99 $(WARNINGS) $(DEPFLAGS) -c $$< -o $$@

$(BUILD)/$(1)/%.S.o: core/%.S images.mk | $(BUILD)/$(1)/arduino
	$(AVR_C) -c $$< -o $$@

$(BUILD)/$(1)/%.cpp.o: $(SKETCH)/%.cpp images.mk | $(BUILD)/$(1)/arduino $(ARDUINO_H)
	$(AVR_CXX) $(WARNINGS) $(DEPFLAGS) -Icore $(ARDUINO_INCLUDES) -c $$< -o $$@

$(BUILD)/$(1)/%.ino.o: $(SKETCH)/%.ino images.mk | $(BUILD)/$(1)/arduino $(ARDUINO_H)
	$(AVR_CXX) $(WARNINGS) $(DEPFLAGS) -Icore $(ARDUINO_INCLUDES) -include Arduino.h -x c++ -c $$< -o $$@

$(BUILD)/$(1)/arduino/%.c.o: $(ARDUINO_AVR)/cores/arduino/%.c images.mk | $(BUILD)/$(1)/arduino
	$(AVR_C) -std=gnu11 -w $(ARDUINO_INCLUDES) -c $$< -o $$@

$(BUILD)/$(1)/arduino/%.cpp.o: $(ARDUINO_AVR)/cores/arduino/%.cpp images.mk | $(BUILD)/$(1)/arduino
	$(AVR_CXX) -fpermissive -w $(ARDUINO_INCLUDES) -c $$< -o $$@

$(BUILD)/$(1)/arduino:
	mkdir -p $$@

.PHONY: size-$(1)
size-$(1): $(BUILD)/$(1).hex
	@$$(call take,$(1),$(1),$(flash_of),$(ram_of))
endef
$(foreach image,$(IMAGES),$(eval $(call image_rules,$(image))))

.PHONY: limits
limits: $(BUILD)/treering-uno.hex
	@$(call take,treering-uno,its limits,$(TREE_FLASH_BYTES),$(TREE_RAM_BYTES))

# What parts of the tree take on an Uno, beside the figures of the report of 2005.
.PHONY: parts
parts:
	@python3 sizes.py $(foreach 1,treering-uno,$(AVR_FLAGS))

%.hex: %.elf
	avr-objcopy -O ihex -R .eeprom --set-start 0 $< $@

# The Uno's own bootloader, for the emulated board. Without its start-up flashes: with them, Debian's avr-gcc makes it
# longer than the 512 bytes it may have (as is the optiboot_atmega328.hex that the package holds).
$(BOOTLOADER).elf: $(ARDUINO_AVR)/bootloaders/optiboot/optiboot.c | $(BUILD)/treering-uno/arduino
	avr-gcc -mmcu=atmega328p -DF_CPU=$(F_CPU) -DBAUD_RATE=115200 -DLED_START_FLASHES=0 -w -Os -fno-inline-small-functions \
	  -fno-split-wide-types -nostartfiles -nostdlib -Wl,--relax -Wl,--section-start=.text=0x7e00 \
	  -Wl,--section-start=.version=0x7ffe -o $@ $<

# Made only where it is missing.
$(ARDUINO_H):
	@echo "firmware: no $@: install arduino-core-avr, or set ARDUINO_AVR to an Arduino AVR platform" >&2; exit 1
