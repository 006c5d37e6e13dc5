//! What the server uses of its machine (`rest-v2` §10.5), whole and in parts, under the names that panels and
//! monitoring scripts know. Where they name a virtual machine, this process is meant.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sluice_contract::Protocol;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::manage::Machine;
use crate::rest::access::SystemManager;
use crate::rest::answer::Rest;
use crate::rest::version::{VERSION, Version};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(system_resources))
        .routes(routes!(system_status))
        .routes(routes!(cpu_status))
        .routes(routes!(jvm_memory_status))
        .routes(routes!(system_memory_status))
        .routes(routes!(file_system_status))
        .routes(routes!(gpu_status))
        .routes(routes!(server_time))
}

/// Everything at once. Sizes in bytes, times in milliseconds unless said otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SystemResources {
    instance_id: String,
    cpu_usage: CpuUsage,
    jvm_memory_usage: ProcessMemory,
    system_info: SystemInfo,
    system_memory_info: SystemMemory,
    file_system_info: FileSystem,
    jvm_native_memory_usage: NativeMemory,
    software_version: Version,
    /// Graphics processors are not used: empty.
    #[schema(value_type = Vec<Object>)]
    gpu_usage_info: [(); 0],
    ffmpeg_build_info: &'static str,
    db_average_query_time_ms: u128,
    #[serde(rename = "localWebRTCLiveStreams")]
    local_webrtc_live_streams: u32,
    local_live_streams: u32,
    #[serde(rename = "localWebRTCViewers")]
    local_webrtc_viewers: u32,
    #[serde(rename = "localHLSViewers")]
    local_hls_viewers: u32,
    #[serde(rename = "localDASHViewers")]
    local_dash_viewers: u32,
    #[serde(rename = "encoders-blocked")]
    encoders_blocked: u32,
    #[serde(rename = "encoders-not-opened")]
    encoders_not_opened: u32,
    #[serde(rename = "publish-timeout-errors")]
    publish_timeout_errors: u32,
    #[serde(rename = "vertx-worker-thread-queue-size")]
    worker_queue_size: u32,
    #[serde(rename = "webrtc-vertx-worker-thread-queue-size")]
    webrtc_worker_queue_size: u32,
    #[serde(rename = "server-timing")]
    server_timing: ServerTime,
    total_live_stream_size: u32,
    license: &'static str,
}

/// Loads in percent, 0 to 100.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CpuUsage {
    /// Microseconds, of all threads together.
    #[serde(rename = "processCPUTime")]
    process_cpu_time: u128,
    #[serde(rename = "systemCPULoad")]
    system_cpu_load: u32,
    #[serde(rename = "processCPULoad")]
    process_cpu_load: u32,
    system_load_average_last_minute: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProcessMemory {
    max_memory: u64,
    total_memory: u64,
    free_memory: u64,
    in_use_memory: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SystemInfo {
    os_name: String,
    os_arch: &'static str,
    /// Empty: there is none.
    java_version: &'static str,
    processor_count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SystemMemory {
    virtual_memory: u64,
    total_memory: u64,
    free_memory: u64,
    in_use_memory: u64,
    total_swap_space: u64,
    free_swap_space: u64,
    in_use_swap_space: u64,
    available_memory: u64,
}

/// Of the disk that holds the data folder.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FileSystem {
    usable_space: u64,
    total_space: u64,
    free_space: u64,
    in_use_space: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NativeMemory {
    in_use_memory: u64,
    max_memory: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ServerTime {
    #[serde(rename = "up-time")]
    up_time: u128,
    /// Unix time in milliseconds.
    #[serde(rename = "start-time")]
    start_time: i64,
}

impl From<&Machine> for CpuUsage {
    fn from(machine: &Machine) -> Self {
        Self {
            process_cpu_time: machine.process_cpu_time.as_micros(),
            system_cpu_load: machine.system_cpu_load.round() as u32,
            process_cpu_load: machine.process_cpu_load.round() as u32,
            system_load_average_last_minute: machine.load_average,
        }
    }
}

impl From<&Machine> for ProcessMemory {
    fn from(machine: &Machine) -> Self {
        Self {
            max_memory: machine.total_memory,
            total_memory: machine.process_memory.saturating_add(machine.available_memory),
            free_memory: machine.available_memory,
            in_use_memory: machine.process_memory,
        }
    }
}

impl From<&Machine> for SystemInfo {
    fn from(machine: &Machine) -> Self {
        Self {
            os_name: machine.os_name.clone(),
            os_arch: machine.architecture,
            java_version: "",
            processor_count: machine.processors,
        }
    }
}

impl From<&Machine> for SystemMemory {
    fn from(machine: &Machine) -> Self {
        Self {
            virtual_memory: machine.process_virtual_memory,
            total_memory: machine.total_memory,
            free_memory: machine.free_memory,
            in_use_memory: machine.total_memory.saturating_sub(machine.free_memory),
            total_swap_space: machine.total_swap,
            free_swap_space: machine.free_swap,
            in_use_swap_space: machine.total_swap.saturating_sub(machine.free_swap),
            available_memory: machine.available_memory,
        }
    }
}

impl From<&Machine> for FileSystem {
    fn from(machine: &Machine) -> Self {
        Self {
            usable_space: machine.disk_available,
            total_space: machine.disk_total,
            free_space: machine.disk_available,
            in_use_space: machine.disk_total.saturating_sub(machine.disk_available),
        }
    }
}

impl From<&Machine> for ServerTime {
    fn from(machine: &Machine) -> Self {
        Self { up_time: machine.up_time.as_millis(), start_time: machine.started_at.as_millis() }
    }
}

/// Read what the server uses of its machine
#[utoipa::path(get, path = "/system-resources", tag = "server", responses((status = 200, body = SystemResources)))]
async fn system_resources(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<SystemResources>> {
    let machine = &api.machine(&viewer).await?;
    let stats = api.server_stats();
    Ok(Json(SystemResources {
        instance_id: machine.instance_id.clone(),
        cpu_usage: machine.into(),
        jvm_memory_usage: machine.into(),
        system_info: machine.into(),
        system_memory_info: machine.into(),
        file_system_info: machine.into(),
        jvm_native_memory_usage: NativeMemory {
            in_use_memory: machine.process_memory,
            max_memory: machine.total_memory,
        },
        software_version: VERSION,
        gpu_usage_info: [],
        ffmpeg_build_info: "",
        db_average_query_time_ms: machine.database.as_millis(),
        local_webrtc_live_streams: 0,
        local_live_streams: stats.live_streams,
        local_webrtc_viewers: stats.viewers.of(Protocol::WebRtc).saturating_add(stats.viewers.of(Protocol::Whep)),
        local_hls_viewers: stats.viewers.of(Protocol::Hls),
        local_dash_viewers: stats.viewers.of(Protocol::Dash),
        encoders_blocked: 0,
        encoders_not_opened: 0,
        publish_timeout_errors: 0,
        worker_queue_size: 0,
        webrtc_worker_queue_size: 0,
        server_timing: machine.into(),
        total_live_stream_size: stats.live_streams,
        license: "valid",
    }))
}

/// Read what the machine is
#[utoipa::path(get, path = "/system-status", tag = "server", responses((status = 200, body = SystemInfo)))]
async fn system_status(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<SystemInfo>> {
    Ok(Json((&api.machine(&viewer).await?).into()))
}

/// Read the processor's load
#[utoipa::path(get, path = "/cpu-status", tag = "server", responses((status = 200, body = CpuUsage)))]
async fn cpu_status(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<CpuUsage>> {
    Ok(Json((&api.machine(&viewer).await?).into()))
}

/// Read the memory of this process
#[utoipa::path(get, path = "/jvm-memory-status", tag = "server", responses((status = 200, body = ProcessMemory)))]
async fn jvm_memory_status(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<ProcessMemory>> {
    Ok(Json((&api.machine(&viewer).await?).into()))
}

/// Read the memory of the machine
#[utoipa::path(get, path = "/system-memory-status", tag = "server", responses((status = 200, body = SystemMemory)))]
async fn system_memory_status(
    State(api): State<Api>,
    SystemManager(viewer): SystemManager,
) -> Rest<Json<SystemMemory>> {
    Ok(Json((&api.machine(&viewer).await?).into()))
}

/// Read the disk that holds the data folder
#[utoipa::path(get, path = "/file-system-status", tag = "server", responses((status = 200, body = FileSystem)))]
async fn file_system_status(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<FileSystem>> {
    Ok(Json((&api.machine(&viewer).await?).into()))
}

/// Read the graphics processors: none is used
#[utoipa::path(get, path = "/gpu-status", tag = "server", responses((status = 200, body = Vec<Object>)))]
async fn gpu_status(_caller: SystemManager) -> Rest<Json<[(); 0]>> {
    Ok(Json([]))
}

/// Read since when the server runs
#[utoipa::path(get, path = "/server-time", tag = "server", responses((status = 200, body = ServerTime)))]
async fn server_time(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<ServerTime>> {
    Ok(Json((&api.machine(&viewer).await?).into()))
}
