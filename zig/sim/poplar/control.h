/*
 * What the simulator's library exports beside driver/poplar/shim.h: how many IPUs there are, and what is to go wrong.
 * Used by tests; nothing that runs a model knows of it. Functions may be called from any thread and return MRP_OK or a
 * status of shim.h; mrs_last_error then tells more.
 */
#ifndef MILLRACE_SIM_POPLAR_CONTROL_H
#define MILLRACE_SIM_POPLAR_CONTROL_H

#include <stdint.h>

#include "../../driver/poplar/shim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MRS_ABI_VERSION 1
#define MRS_ANY_DEVICE 0xffffffffu

typedef struct mrs_system {
  const char *name;        /* 1 to 48 of A-Z a-z 0-9 . _ -; processes of one user that give the same name share its IPUs */
  uint32_t ipus;           /* 1 to 64; the same in all of them */
  int32_t ipu_version;     /* 1, 2, 21; -1: unknown */
  uint32_t tiles_per_ipu;  /* 0: as many as the architecture has */
  uint32_t remote_buffers; /* 1: supported */
} mrs_system;

enum mrs_event { MRS_SYNC = 0, MRS_ATTACH = 1, MRS_LOAD = 2 };

typedef struct mrs_plan_entry {
  uint32_t event;          /* enum mrs_event */
  uint32_t at;             /* the first occurrence, from 1, counted from now */
  uint32_t times;          /* occurrences; 0: all that come */
  uint32_t for_ms;         /* ends after so long; 0: with the system */
  uint32_t device;         /* id, or MRS_ANY_DEVICE, which means models too */
  int32_t status;          /* MRP_OK: only a delay; MRP_*_ERROR; at an attach: any other refuses; at a load also MRP_OUT_OF_MEMORY */
  int32_t recovery_action; /* enum mrp_recovery_action */
  uint32_t lost;           /* 1: the device's IPUs are gone, nobody attaches to them again */
  uint32_t delay_us;
  char message[240];       /* ends with NUL; empty: a usual one */
} mrs_plan_entry;

/* What is open in this process. */
typedef struct mrs_leaks {
  uint32_t devices;        /* attached ones of the present system */
  uint32_t models;
  uint32_t executables;    /* of all systems */
  uint32_t engines;
} mrs_leaks;

int32_t mrs_abi_version(void);
/* The last failure of this thread, of these functions. */
void mrs_last_error(mrp_error *error);
/* A new system; devices that are open keep the one they were opened in. */
int32_t mrs_configure(const mrs_system *system);
/* Again as after loading: no IPU, nothing planned. */
int32_t mrs_clear(void);
int32_t mrs_plan(const mrs_plan_entry *plan);
/* Nothing planned, no device in error, none lost. */
int32_t mrs_repair(void);
int32_t mrs_leak_report(mrs_leaks *leaks);

#ifdef __cplusplus
}
#endif
#endif
