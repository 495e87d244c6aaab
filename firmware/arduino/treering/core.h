// The protocol core, which is C.

#ifndef TREERING_CORE_H
#define TREERING_CORE_H

extern "C" {
#include "tr_cobs.h"
#include "tr_identity.h"
#include "tr_node.h"
}

#endif
