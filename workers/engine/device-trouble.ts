/**
 * What ONNX Runtime's errors say about the device. Sources, microsoft/onnxruntime:
 * core/framework/bfc_arena.cc ("Failed to allocate memory for requested buffer of size N", "Available memory
 * of N is smaller than requested bytes of M", "Failed to find a free memory block despite calling Extend"),
 * core/providers/cuda/cuda_call.cc ("CUDA failure 2: out of memory ; GPU=0 ; hostname=...", "CUBLAS failure
 * 3: CUBLAS_STATUS_ALLOC_FAILED", "CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED"); cuDNN 9's finer status is
 * CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED; std::bad_alloc is the host's.
 */
const noMemory =
  /failed to allocate memory for requested buffer|available memory of \d+ is smaller than requested|failed to find a free memory block|CUDA failure 2:|CUDA(?:_| )ERROR(?:_| )OUT(?:_| )OF(?:_| )MEMORY|CUDA error.*out of memory|\bout of memory\b|STATUS_(?:INTERNAL_ERROR_\w*)?ALLOC(?:ATION)?_FAILED|bad_alloc|bad allocation/i;

/**
 * Any other failure of a CUDA library, and a device that WebGPU has lost: its state is unknown afterwards.
 */
const deviceFailure =
  /\b(?:CUDA|CUDNN|CUBLAS|CUBLASLT|CURAND|CUFFT)(?: failure| error|_ERROR|_STATUS_)|device (?:was )?lost/i;

/**
 * memory: an allocation failed; the device goes on and a smaller one may succeed. device: nothing more can be
 * expected of this process. undefined: nothing is said of the device.
 */
export function deviceTrouble(message: string): 'memory' | 'device' | undefined {
  if (noMemory.test(message)) return 'memory';
  return deviceFailure.test(message) ? 'device' : undefined;
}
