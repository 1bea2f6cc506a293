/*
 * The C ABI between Millrace and a Poplar device. Millrace calls these functions and nothing else; libraries that
 * export them: zig/sim/poplar (simulated IPUs), and shim.cpp (the Poplar SDK). zig/driver/poplar/table.zig mirrors
 * this file and a test compares the two.
 *
 * Every function returns MRP_OK or a status; mrp_last_error then tells the calling thread more. Functions may be called
 * from any thread, one at a time per engine, except mrp_engine_stop, which is for another thread. No exception and no
 * signal crosses. Strings are UTF-8 and end with NUL; what a function is given is its own after it returns, unless
 * it says otherwise.
 */
#ifndef MILLRACE_POPLAR_SHIM_H
#define MILLRACE_POPLAR_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MRP_ABI_VERSION 2
/* A stream's size, where the library cannot tell. */
#define MRP_UNKNOWN_SIZE UINT64_MAX

/* What a call came to: Poplar's exception classes, and refusals. */
enum mrp_status {
  MRP_OK = 0,
  MRP_APPLICATION_ERROR = 1,   /* poplar::application_runtime_error */
  MRP_RECOVERABLE_ERROR = 2,   /* poplar::recoverable_runtime_error; see recovery_action */
  MRP_UNRECOVERABLE_ERROR = 3, /* poplar::unrecoverable_runtime_error */
  MRP_UNKNOWN_ERROR = 4,       /* poplar::unknown_runtime_error, and whatever is none of the others */
  MRP_STREAM_ERROR = 5,        /* poplar::stream_connection_error: no such stream, or one that is not connected */
  MRP_INVALID_OPTION = 6,      /* poplar::invalid_option */
  MRP_INVALID_EXECUTABLE = 7,  /* bytes that are no executable of this library's */
  MRP_PACKAGE_HASH = 8,        /* an executable of another version */
  MRP_INVALID_ARGUMENT = 9,
  MRP_OUT_OF_MEMORY = 10,      /* host or device memory: poplar::graph_memory_allocation_error */
  MRP_STOPPED = 11,            /* the run was ended by mrp_engine_stop, or the engine is not loaded */
  MRP_HOST_SYNC_TIMEOUT = 12,  /* a host sync took longer than target.hostSyncTimeout */
  MRP_NOT_ATTACHED = 13,
  MRP_ENGINE_MISSING = 14      /* what runs the graph on the host (option millrace.engine) cannot be loaded */
};

/* poplar::RecoveryAction. */
enum mrp_recovery_action { MRP_NO_ACTION = 0, MRP_IPU_RESET = 1, MRP_LINK_RESET = 2, MRP_PARTITION_RESET = 3, MRP_FULL_RESET = 4 };

enum mrp_target { MRP_TARGET_IPU = 0, MRP_TARGET_IPU_MODEL = 1, MRP_TARGET_CPU = 2 };

typedef struct mrp_error {
  int32_t status;
  int32_t recovery_action;
  char message[1016];
} mrp_error;

typedef struct mrp_option { const char *name; const char *value; } mrp_option;

typedef struct mrp_device_info {
  uint32_t id;
  uint32_t target;          /* enum mrp_target */
  int32_t ipu_version;      /* 2, 21, …; -1 unknown, 0 none */
  uint32_t num_ipus;
  uint32_t tiles_per_ipu;
  uint32_t remote_buffers;  /* 1: supported */
  uint32_t attached;        /* 1: by this object */
  uint32_t children;        /* devices that are parts of this one */
} mrp_device_info;

typedef struct mrp_stream_info {
  const char *handle;       /* valid until the engine is closed */
  uint64_t size;            /* bytes of one transfer of one replica, or MRP_UNKNOWN_SIZE: the model knows */
  uint32_t to_device;       /* 1: the host writes */
  uint32_t replicas;        /* streams of this handle: 1, or one per replica; 0: unknown, as the size */
} mrp_stream_info;

/* What the device calls, on threads of its own, for one stream of one replica. */
typedef struct mrp_callbacks {
  /* To the device, early, up to the look-ahead: 0 the buffer is filled, 1 not available, ask again with fetch. NULL: never
     asked. */
  int32_t (*prefetch)(void *context, void *buffer);
  /* To the device: fill the buffer. From the device: it holds what the device wrote. May wait. */
  void (*fetch)(void *context, void *buffer);
  /* The oldest element that was prefetched or fetched has been consumed. */
  void (*complete)(void *context);
  /* What was prefetched and not completed was dropped, and is to be offered again. */
  void (*invalidate_prefetched)(void *context);
  /* From any thread, while prefetch or fetch is under way and the run is to end (mrp_engine_stop, target.hostSyncTimeout):
     it should return soon, whatever the buffer holds. NULL: it cannot be interrupted, and the run ends when it returns. */
  void (*interrupt)(void *context);
} mrp_callbacks;

typedef struct mrp_device mrp_device;
typedef struct mrp_executable mrp_executable;
typedef struct mrp_engine mrp_engine;

int32_t mrp_abi_version(void); /* MRP_ABI_VERSION */
/* The last failure of this thread. */
void mrp_last_error(mrp_error *error);
/* The hash that an executable must carry, and the library's version; valid for ever. */
const char *mrp_package_hash(void);
const char *mrp_version(void);

/* Devices of the system, by id from 0; multi-IPU devices share IPUs with others. */
int32_t mrp_device_count(uint32_t *count);
int32_t mrp_device_describe(uint32_t id, mrp_device_info *info);
int32_t mrp_device_children(uint32_t id, uint32_t *ids, uint32_t ids_max);
/* *process: one that has an IPU of the device; 0 nobody has; -1 it cannot be told. */
int32_t mrp_device_holder(uint32_t id, int32_t *process);
int32_t mrp_device_open(uint32_t id, const mrp_option *options, size_t option_count, mrp_device **device);
/* A model of IPUs on the host; tiles_per_ipu 0: as many as the architecture has. It is attached. */
int32_t mrp_device_create_model(int32_t ipu_version, uint32_t num_ipus, uint32_t tiles_per_ipu, const mrp_option *options,
                                size_t option_count, mrp_device **device);
int32_t mrp_device_info_of(const mrp_device *device, mrp_device_info *info);
/* *attached 0: another owner has one of its IPUs. */
int32_t mrp_device_attach(mrp_device *device, uint32_t *attached);
int32_t mrp_device_detach(mrp_device *device);
int32_t mrp_device_reset(mrp_device *device);
/* Detaches. Engines loaded on it must be closed before. */
void mrp_device_close(mrp_device *device);

/* `bytes` must stay unchanged until the executable and all engines made of it are closed. */
int32_t mrp_executable_open(const void *bytes, size_t size, int32_t check_package_hash, mrp_executable **executable);
void mrp_executable_close(mrp_executable *executable);

/* Not thread-safe against itself: one at a time per process. */
int32_t mrp_engine_create(mrp_executable *executable, const mrp_option *options, size_t option_count, mrp_engine **engine);
/* Onto an attached device, which it then owns until it is closed or another engine is loaded. */
int32_t mrp_engine_load(mrp_engine *engine, mrp_device *device);
int32_t mrp_engine_run(mrp_engine *engine, uint32_t program);
/* Any thread: a run under way ends with MRP_STOPPED at its next step; the device is undefined until it is loaded again. */
int32_t mrp_engine_stop(mrp_engine *engine);
void mrp_engine_close(mrp_engine *engine);

int32_t mrp_engine_stream_count(const mrp_engine *engine, uint32_t *count);
int32_t mrp_engine_stream(const mrp_engine *engine, uint32_t index, mrp_stream_info *info);
/* Memory that outlives the connection, read or written from `begin` on; at `end` it starts again at `begin`. */
int32_t mrp_engine_connect_memory(mrp_engine *engine, const char *handle, uint32_t replica, void *begin, void *end);
/* `callbacks` is copied; `context` outlives the connection. A second connection replaces the first. */
int32_t mrp_engine_connect_callbacks(mrp_engine *engine, const char *handle, uint32_t replica, const mrp_callbacks *callbacks,
                                     void *context);
int32_t mrp_engine_copy_to_remote(mrp_engine *engine, const void *data, const char *handle, uint32_t repeat, uint32_t replica);
int32_t mrp_engine_copy_from_remote(mrp_engine *engine, const char *handle, void *data, uint32_t repeat, uint32_t replica);

#ifdef __cplusplus
}
#endif
#endif
