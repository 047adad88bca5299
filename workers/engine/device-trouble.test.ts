import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceTrouble } from './device-trouble.ts';

const running = 'Non-zero status code returned while running Conv node. Name:"conv_in" Status Message: ';

for (const message of [
  `${running}/onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*, bool, onnxruntime::WaitNotificationFn) Failed to allocate memory for requested buffer of size 2830172160`,
  `${running}Available memory of 1024 is smaller than requested bytes of 4096`,
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=box ; file=cuda_allocator.cc ; line=48 ; expr=cudaMalloc((void**)&p, size);',
  'Exception during initialization: CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; hostname=box ; expr=cublasCreate(&cublas_handle_);',
  'CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED ; GPU=0 ; hostname=box',
  'CUDNN failure 4003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0',
  'std::bad_alloc',
])
  test(`memory ran out: ${message.slice(0, 40)} ... ${message.slice(-40)}`, () => {
    assert.equal(deviceTrouble(message), 'memory');
  });

for (const message of [
  'CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=box',
  'CUDA failure 719: unspecified launch failure ; GPU=0',
  'CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0',
  'CUDNN failure 5000: CUDNN_STATUS_EXECUTION_FAILED ; GPU=0',
  'CUDA error cudaErrorIllegalAddress: an illegal memory access was encountered',
  'WebGPU device lost (2): Device was destroyed.',
])
  test(`the device failed: ${message.slice(0, 60)}`, () => {
    assert.equal(deviceTrouble(message), 'device');
  });

for (const message of [
  'the latents after step 3 hold NaN',
  'Got invalid dimensions for input: sample',
  'This is an invalid model. In Node, ("MatMul_3"), Type Error',
  'ENOENT: no such file or directory, open "/models/cuda/model.onnx"',
])
  test(`nothing is said of the device: ${message}`, () => {
    assert.equal(deviceTrouble(message), undefined);
  });
