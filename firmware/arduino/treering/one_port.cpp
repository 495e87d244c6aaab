// A board with one port, which is HOST and AIR.

#include "ports.h"

#if !TR_GATEWAY

#include "runs.h"
#include "uart.h"

typedef Uart<uintptr_t(&UCSR0A)> Port;
typedef Runs<0> Incoming;

ISR(USART_RX_vect)
{
    Incoming::put(Port::received());
}

ISR(USART_UDRE_vect)
{
    Port::on_ready();
}

void ports_begin(uint32_t air_baud, uint16_t)
{
    Port::begin(air_baud);
}

void ports_serve()
{
}

bool ports_are_free()
{
    return !Port::is_sending();
}

bool ports_have_news()
{
    return Incoming::has_one();
}

uint8_t ports_receive(uint8_t *stream)
{
    uint8_t length = 0;
    while (length == 0 && Incoming::has_one()) {
        length = Incoming::take(stream);
    }
    return length;
}

void ports_send(uint8_t *stream, uint8_t length, enum tr_link_name)
{
    Port::send(stream, tr_cobs_encode(stream + 1, length, stream));
}

#endif
