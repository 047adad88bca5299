/** `philox`: the numbers of torch CUDA and A1111 "NV". `torch-cpu`: the numbers of torch's CPU generator. */
export const randomAlgorithms = ['philox', 'torch-cpu'] as const;

export type RandomAlgorithm = (typeof randomAlgorithms)[number];
