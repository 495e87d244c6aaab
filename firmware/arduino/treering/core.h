// The protocol core, which is C.

#ifndef TREERING_CORE_H
#define TREERING_CORE_H

extern "C" {
#include "tr_bytes.h"
#include "tr_cobs.h"
#include "tr_frame.h"
#include "tr_jitter.h"
#include "tr_letters.h"
#include "tr_seal.h"
#include "tr_store.h"
}

#endif
