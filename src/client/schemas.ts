/**
 * Bodies of the HTTP API, made from its OpenAPI document by openapi-typescript@7.13.0: `npm run client:types`.
 * Digest of the document: f6a5cc8d6382ca7c8462b3b658de3ed3ad74d42258f0b138a8ee26d8c691c872
 */

export interface Components {
  schemas: {
    'sdxl-torch': {
      prompt: string;
      /** @default  */
      negative_prompt?: string;
      /** @default 1 */
      samples?: number;
      /** @default -1 */
      seed?: number;
      /** @default false */
      base64?: boolean;
      /** @enum {string} */
      rng?: 'philox' | 'torch-cpu';
      /**
       * @default jpeg
       * @enum {string}
       */
      output_format?: 'jpeg' | 'png' | 'webp';
      subseed?: number;
      subseed_strength?: number;
      seed_resize_from_w?: number;
      seed_resize_from_h?: number;
      embed_parameters?: boolean;
      /** @enum {string} */
      sampler?:
        | 'euler'
        | 'euler_ancestral'
        | 'heun'
        | 'dpm_2'
        | 'dpm_2_ancestral'
        | 'lms'
        | 'dpm_fast'
        | 'dpm_adaptive'
        | 'dpmpp_2s_ancestral'
        | 'dpmpp_2s'
        | 'dpmpp_sde'
        | 'dpmpp_2m'
        | 'dpmpp_2m_sde'
        | 'dpmpp_2m_sde_heun'
        | 'dpmpp_3m_sde'
        | 'restart'
        | 'ddim'
        | 'ddpm'
        | 'pndm'
        | 'unipc'
        | 'deis'
        | 'ipndm'
        | 'ipndm_v'
        | 'res_multistep'
        | 'gradient_estimation'
        | 'er_sde'
        | 'sa_solver'
        | 'lcm'
        | 'tcd'
        | 'euler_cfg_pp'
        | 'dpmpp_2m_cfg_pp';
      /** @enum {string} */
      schedule?:
        | 'normal'
        | 'karras'
        | 'exponential'
        | 'sgm_uniform'
        | 'simple'
        | 'ddim_uniform'
        | 'beta'
        | 'linear_quadratic'
        | 'kl_optimal'
        | 'align_your_steps'
        | 'turbo'
        | 'lcm';
      loras?: {
        name: string;
        /** @default 1 */
        weight?: number;
        text_encoder_weight?: number;
      }[];
      eta?: number;
      s_churn?: number;
      s_tmin?: number;
      s_tmax?: number;
      s_noise?: number;
      guidance_rescale?: number;
      guidance_start?: number;
      guidance_end?: number;
      cache?: {
        /** @enum {string} */
        name: 'ucache' | 'spectrum';
        threshold?: number;
        start?: number;
        end?: number;
        decay?: number;
        relative?: boolean;
        reset?: boolean;
        w?: number;
        m?: number;
        lam?: number;
        window?: number;
        flex?: number;
        warmup?: number;
        stop?: number;
      };
      original_size?: number[];
      target_size?: number[];
      crop?: number[];
      clip_skip?: number;
      /** @default 25 */
      num_inference_steps?: number;
      /** @default 7.5 */
      guidance_scale?: number;
      /** @default base */
      style?: string;
      /**
       * @default UniPC
       * @enum {string}
       */
      scheduler?:
        | 'DDIM'
        | 'DPM Multi'
        | 'DPM Single'
        | 'Euler a'
        | 'Euler'
        | 'Heun'
        | 'DPM2 a Karras'
        | 'DPM2 Karras'
        | 'LMS'
        | 'PNDM'
        | 'DDPM'
        | 'UniPC';
      /** @default 0.8 */
      high_noise_fraction?: number;
      /** @default 0.2 */
      strength?: number;
      /**
       * @default 1024
       * @constant
       */
      img_width?: 1024;
      /**
       * @default 1024
       * @constant
       */
      img_height?: 1024;
      /** @default true */
      refiner?: boolean;
      model?: string;
      priority?: number;
      webhook_url?: string;
    };
    'sdxl-img2img': {
      prompt: string;
      /** @default  */
      negative_prompt?: string;
      /** @default 1 */
      samples?: number;
      /** @default -1 */
      seed?: number;
      /** @default false */
      base64?: boolean;
      /** @enum {string} */
      rng?: 'philox' | 'torch-cpu';
      /**
       * @default jpeg
       * @enum {string}
       */
      output_format?: 'jpeg' | 'png' | 'webp';
      subseed?: number;
      subseed_strength?: number;
      seed_resize_from_w?: number;
      seed_resize_from_h?: number;
      embed_parameters?: boolean;
      /** @enum {string} */
      sampler?:
        | 'euler'
        | 'euler_ancestral'
        | 'heun'
        | 'dpm_2'
        | 'dpm_2_ancestral'
        | 'lms'
        | 'dpm_fast'
        | 'dpm_adaptive'
        | 'dpmpp_2s_ancestral'
        | 'dpmpp_2s'
        | 'dpmpp_sde'
        | 'dpmpp_2m'
        | 'dpmpp_2m_sde'
        | 'dpmpp_2m_sde_heun'
        | 'dpmpp_3m_sde'
        | 'restart'
        | 'ddim'
        | 'ddpm'
        | 'pndm'
        | 'unipc'
        | 'deis'
        | 'ipndm'
        | 'ipndm_v'
        | 'res_multistep'
        | 'gradient_estimation'
        | 'er_sde'
        | 'sa_solver'
        | 'lcm'
        | 'tcd'
        | 'euler_cfg_pp'
        | 'dpmpp_2m_cfg_pp';
      /** @enum {string} */
      schedule?:
        | 'normal'
        | 'karras'
        | 'exponential'
        | 'sgm_uniform'
        | 'simple'
        | 'ddim_uniform'
        | 'beta'
        | 'linear_quadratic'
        | 'kl_optimal'
        | 'align_your_steps'
        | 'turbo'
        | 'lcm';
      loras?: {
        name: string;
        /** @default 1 */
        weight?: number;
        text_encoder_weight?: number;
      }[];
      eta?: number;
      s_churn?: number;
      s_tmin?: number;
      s_tmax?: number;
      s_noise?: number;
      guidance_rescale?: number;
      guidance_start?: number;
      guidance_end?: number;
      cache?: {
        /** @enum {string} */
        name: 'ucache' | 'spectrum';
        threshold?: number;
        start?: number;
        end?: number;
        decay?: number;
        relative?: boolean;
        reset?: boolean;
        w?: number;
        m?: number;
        lam?: number;
        window?: number;
        flex?: number;
        warmup?: number;
        stop?: number;
      };
      original_size?: number[];
      target_size?: number[];
      crop?: number[];
      clip_skip?: number;
      /** @default 30 */
      num_inference_steps?: number;
      /** @default 6.5 */
      guidance_scale?: number;
      image: string;
      /** @default juggernaut */
      base_model?: string;
      /**
       * @default UniPC
       * @enum {string}
       */
      scheduler?:
        | 'DPM++ SDE Karras'
        | 'DPM++ 2M Karras'
        | 'DPM++ 2M SDE Karras'
        | 'DPM++ 2M SDE Heun Karras'
        | 'DPM++ 3M SDE Karras'
        | 'LMS Karras'
        | 'DPM2 Karras'
        | 'DPM2 a Karras'
        | 'DPM++ 2S a Karras'
        | 'DPM++ 2M SDE Exponential'
        | 'DPM++ 2M SDE Heun Exponential'
        | 'DPM++ 3M SDE Exponential'
        | 'DPM++ SDE'
        | 'DPM++ 2M'
        | 'DPM++ 2M SDE'
        | 'DPM++ 2M SDE Heun'
        | 'DPM++ 3M SDE'
        | 'DPM++ 2S a'
        | 'Euler a'
        | 'Euler'
        | 'LMS'
        | 'Heun'
        | 'DPM2'
        | 'DPM2 a'
        | 'DPM fast'
        | 'DPM adaptive'
        | 'Restart'
        | 'DDIM'
        | 'PLMS'
        | 'UniPC';
      /** @default 0.65 */
      strength?: number;
      priority?: number;
      webhook_url?: string;
    };
    'sdxl1.0-txt2img': {
      prompt: string;
      /** @default  */
      negative_prompt?: string;
      /** @default 1 */
      samples?: number;
      /** @default -1 */
      seed?: number;
      /** @default false */
      base64?: boolean;
      /** @enum {string} */
      rng?: 'philox' | 'torch-cpu';
      /**
       * @default jpeg
       * @enum {string}
       */
      output_format?: 'jpeg' | 'png' | 'webp';
      subseed?: number;
      subseed_strength?: number;
      seed_resize_from_w?: number;
      seed_resize_from_h?: number;
      embed_parameters?: boolean;
      /** @enum {string} */
      sampler?:
        | 'euler'
        | 'euler_ancestral'
        | 'heun'
        | 'dpm_2'
        | 'dpm_2_ancestral'
        | 'lms'
        | 'dpm_fast'
        | 'dpm_adaptive'
        | 'dpmpp_2s_ancestral'
        | 'dpmpp_2s'
        | 'dpmpp_sde'
        | 'dpmpp_2m'
        | 'dpmpp_2m_sde'
        | 'dpmpp_2m_sde_heun'
        | 'dpmpp_3m_sde'
        | 'restart'
        | 'ddim'
        | 'ddpm'
        | 'pndm'
        | 'unipc'
        | 'deis'
        | 'ipndm'
        | 'ipndm_v'
        | 'res_multistep'
        | 'gradient_estimation'
        | 'er_sde'
        | 'sa_solver'
        | 'lcm'
        | 'tcd'
        | 'euler_cfg_pp'
        | 'dpmpp_2m_cfg_pp';
      /** @enum {string} */
      schedule?:
        | 'normal'
        | 'karras'
        | 'exponential'
        | 'sgm_uniform'
        | 'simple'
        | 'ddim_uniform'
        | 'beta'
        | 'linear_quadratic'
        | 'kl_optimal'
        | 'align_your_steps'
        | 'turbo'
        | 'lcm';
      loras?: {
        name: string;
        /** @default 1 */
        weight?: number;
        text_encoder_weight?: number;
      }[];
      eta?: number;
      s_churn?: number;
      s_tmin?: number;
      s_tmax?: number;
      s_noise?: number;
      guidance_rescale?: number;
      guidance_start?: number;
      guidance_end?: number;
      cache?: {
        /** @enum {string} */
        name: 'ucache' | 'spectrum';
        threshold?: number;
        start?: number;
        end?: number;
        decay?: number;
        relative?: boolean;
        reset?: boolean;
        w?: number;
        m?: number;
        lam?: number;
        window?: number;
        flex?: number;
        warmup?: number;
        stop?: number;
      };
      original_size?: number[];
      target_size?: number[];
      crop?: number[];
      clip_skip?: number;
      /** @default 25 */
      num_inference_steps?: number;
      /** @default 7.5 */
      guidance_scale?: number;
      /** @default base */
      style?: string;
      /**
       * @default UniPC
       * @enum {string}
       */
      scheduler?:
        | 'DDIM'
        | 'DPM Multi'
        | 'DPM Single'
        | 'Euler a'
        | 'Euler'
        | 'Heun'
        | 'DPM2 a Karras'
        | 'DPM2 Karras'
        | 'LMS'
        | 'PNDM'
        | 'DDPM'
        | 'UniPC';
      /** @default 0.8 */
      high_noise_fraction?: number;
      /** @default 0.2 */
      strength?: number;
      /** @default 1024 */
      img_width?: number;
      /** @default 1024 */
      img_height?: number;
      /** @default true */
      refiner?: boolean;
      model?: string;
      priority?: number;
      webhook_url?: string;
    };
    'sdxl1.0-img2img': {
      prompt: string;
      /** @default  */
      negative_prompt?: string;
      /** @default 1 */
      samples?: number;
      /** @default -1 */
      seed?: number;
      /** @default false */
      base64?: boolean;
      /** @enum {string} */
      rng?: 'philox' | 'torch-cpu';
      /**
       * @default jpeg
       * @enum {string}
       */
      output_format?: 'jpeg' | 'png' | 'webp';
      subseed?: number;
      subseed_strength?: number;
      seed_resize_from_w?: number;
      seed_resize_from_h?: number;
      embed_parameters?: boolean;
      /** @enum {string} */
      sampler?:
        | 'euler'
        | 'euler_ancestral'
        | 'heun'
        | 'dpm_2'
        | 'dpm_2_ancestral'
        | 'lms'
        | 'dpm_fast'
        | 'dpm_adaptive'
        | 'dpmpp_2s_ancestral'
        | 'dpmpp_2s'
        | 'dpmpp_sde'
        | 'dpmpp_2m'
        | 'dpmpp_2m_sde'
        | 'dpmpp_2m_sde_heun'
        | 'dpmpp_3m_sde'
        | 'restart'
        | 'ddim'
        | 'ddpm'
        | 'pndm'
        | 'unipc'
        | 'deis'
        | 'ipndm'
        | 'ipndm_v'
        | 'res_multistep'
        | 'gradient_estimation'
        | 'er_sde'
        | 'sa_solver'
        | 'lcm'
        | 'tcd'
        | 'euler_cfg_pp'
        | 'dpmpp_2m_cfg_pp';
      /** @enum {string} */
      schedule?:
        | 'normal'
        | 'karras'
        | 'exponential'
        | 'sgm_uniform'
        | 'simple'
        | 'ddim_uniform'
        | 'beta'
        | 'linear_quadratic'
        | 'kl_optimal'
        | 'align_your_steps'
        | 'turbo'
        | 'lcm';
      loras?: {
        name: string;
        /** @default 1 */
        weight?: number;
        text_encoder_weight?: number;
      }[];
      eta?: number;
      s_churn?: number;
      s_tmin?: number;
      s_tmax?: number;
      s_noise?: number;
      guidance_rescale?: number;
      guidance_start?: number;
      guidance_end?: number;
      cache?: {
        /** @enum {string} */
        name: 'ucache' | 'spectrum';
        threshold?: number;
        start?: number;
        end?: number;
        decay?: number;
        relative?: boolean;
        reset?: boolean;
        w?: number;
        m?: number;
        lam?: number;
        window?: number;
        flex?: number;
        warmup?: number;
        stop?: number;
      };
      original_size?: number[];
      target_size?: number[];
      crop?: number[];
      clip_skip?: number;
      /** @default 30 */
      num_inference_steps?: number;
      /** @default 6.5 */
      guidance_scale?: number;
      image: string;
      /** @default juggernaut */
      base_model?: string;
      /**
       * @default UniPC
       * @enum {string}
       */
      scheduler?:
        | 'DPM++ SDE Karras'
        | 'DPM++ 2M Karras'
        | 'DPM++ 2M SDE Karras'
        | 'DPM++ 2M SDE Heun Karras'
        | 'DPM++ 3M SDE Karras'
        | 'LMS Karras'
        | 'DPM2 Karras'
        | 'DPM2 a Karras'
        | 'DPM++ 2S a Karras'
        | 'DPM++ 2M SDE Exponential'
        | 'DPM++ 2M SDE Heun Exponential'
        | 'DPM++ 3M SDE Exponential'
        | 'DPM++ SDE'
        | 'DPM++ 2M'
        | 'DPM++ 2M SDE'
        | 'DPM++ 2M SDE Heun'
        | 'DPM++ 3M SDE'
        | 'DPM++ 2S a'
        | 'Euler a'
        | 'Euler'
        | 'LMS'
        | 'Heun'
        | 'DPM2'
        | 'DPM2 a'
        | 'DPM fast'
        | 'DPM adaptive'
        | 'Restart'
        | 'DDIM'
        | 'PLMS'
        | 'UniPC';
      /** @default 0.65 */
      strength?: number;
      priority?: number;
      webhook_url?: string;
    };
    ServedModel: {
      prompt: string;
      /** @default  */
      negative_prompt?: string;
      /** @default 1 */
      samples?: number;
      /** @default -1 */
      seed?: number;
      /** @default false */
      base64?: boolean;
      /** @enum {string} */
      rng?: 'philox' | 'torch-cpu';
      /**
       * @default jpeg
       * @enum {string}
       */
      output_format?: 'jpeg' | 'png' | 'webp';
      subseed?: number;
      subseed_strength?: number;
      seed_resize_from_w?: number;
      seed_resize_from_h?: number;
      embed_parameters?: boolean;
      /** @enum {string} */
      sampler?:
        | 'euler'
        | 'euler_ancestral'
        | 'heun'
        | 'dpm_2'
        | 'dpm_2_ancestral'
        | 'lms'
        | 'dpm_fast'
        | 'dpm_adaptive'
        | 'dpmpp_2s_ancestral'
        | 'dpmpp_2s'
        | 'dpmpp_sde'
        | 'dpmpp_2m'
        | 'dpmpp_2m_sde'
        | 'dpmpp_2m_sde_heun'
        | 'dpmpp_3m_sde'
        | 'restart'
        | 'ddim'
        | 'ddpm'
        | 'pndm'
        | 'unipc'
        | 'deis'
        | 'ipndm'
        | 'ipndm_v'
        | 'res_multistep'
        | 'gradient_estimation'
        | 'er_sde'
        | 'sa_solver'
        | 'lcm'
        | 'tcd'
        | 'euler_cfg_pp'
        | 'dpmpp_2m_cfg_pp';
      /** @enum {string} */
      schedule?:
        | 'normal'
        | 'karras'
        | 'exponential'
        | 'sgm_uniform'
        | 'simple'
        | 'ddim_uniform'
        | 'beta'
        | 'linear_quadratic'
        | 'kl_optimal'
        | 'align_your_steps'
        | 'turbo'
        | 'lcm';
      loras?: {
        name: string;
        /** @default 1 */
        weight?: number;
        text_encoder_weight?: number;
      }[];
      eta?: number;
      s_churn?: number;
      s_tmin?: number;
      s_tmax?: number;
      s_noise?: number;
      guidance_rescale?: number;
      guidance_start?: number;
      guidance_end?: number;
      cache?: {
        /** @enum {string} */
        name: 'ucache' | 'spectrum';
        threshold?: number;
        start?: number;
        end?: number;
        decay?: number;
        relative?: boolean;
        reset?: boolean;
        w?: number;
        m?: number;
        lam?: number;
        window?: number;
        flex?: number;
        warmup?: number;
        stop?: number;
      };
      original_size?: number[];
      target_size?: number[];
      crop?: number[];
      clip_skip?: number;
      /** @default 25 */
      num_inference_steps?: number;
      /** @default 7.5 */
      guidance_scale?: number;
      /** @default base */
      style?: string;
      /**
       * @default UniPC
       * @enum {string}
       */
      scheduler?:
        | 'DDIM'
        | 'DPM Multi'
        | 'DPM Single'
        | 'Euler a'
        | 'Euler'
        | 'Heun'
        | 'DPM2 a Karras'
        | 'DPM2 Karras'
        | 'LMS'
        | 'PNDM'
        | 'DDPM'
        | 'UniPC';
      /** @default 0.8 */
      high_noise_fraction?: number;
      /** @default 0.2 */
      strength?: number;
      /** @default 1024 */
      img_width?: number;
      /** @default 1024 */
      img_height?: number;
      /** @default true */
      refiner?: boolean;
      image?: string;
      priority?: number;
      webhook_url?: string;
    };
    Error: {
      error: string;
    };
    SubmitReply: {
      /** Format: uuid */
      request_id: string;
      /** @constant */
      status: 'QUEUED';
      /** Format: uri */
      poll_url: string;
      /** Format: uri */
      status_url: string;
      /** Format: uri */
      response_url: string;
    };
    Failed: {
      /** @constant */
      status: 'FAILED';
      /** Format: uuid */
      request_id: string;
      /** Format: uri */
      status_url: string;
      /** Format: uri */
      response_url: string;
      error: string;
      metrics: {
        inference_time: number;
        queue_time: number;
        total_time: number;
        retry_count?: number;
      };
    };
    Status:
      | {
          /** @enum {string} */
          status: 'QUEUED' | 'PROCESSING';
          /** Format: uuid */
          request_id: string;
          /** Format: uri */
          status_url: string;
          /** Format: uri */
          response_url: string;
          metrics: Record<string, never>;
        }
      | {
          /** @constant */
          status: 'COMPLETED';
          /** Format: uuid */
          request_id: string;
          /** Format: uri */
          status_url: string;
          /** Format: uri */
          response_url: string;
          metrics: {
            inference_time: number;
            queue_time: number;
            total_time: number;
            retry_count?: number;
          };
        };
    Result:
      | {
          /** @constant */
          status: 'COMPLETED';
          /** Format: uuid */
          request_id: string;
          /** Format: uri */
          status_url: string;
          /** Format: uri */
          response_url: string;
          error: null;
          /** Format: uri */
          output: string;
          images: {
            /** Format: uri */
            url: string;
            /** @enum {string} */
            content_type: 'image/jpeg' | 'image/png' | 'image/webp';
            file_name: string;
            file_size: string;
          }[];
          image?: string | string[];
          seed: string;
          prompt: string;
          metrics: {
            cost: number;
            remaining_credits: number;
            inference_time: number;
            queue_time: number;
            total_time: number;
            retry_count?: number;
          };
          determinism?: {
            checkpoints: {
              name: string;
              weights: {
                [key: string]: string | null;
              };
            }[];
            loras?: {
              name: string;
              weight: number;
              text_encoder_weight?: number;
              sha256: string | null;
            }[];
            embeddings?: {
              name: string;
              sha256: string | null;
            }[];
            device: string;
            device_reason?: string;
            runtime: string;
            precision: string;
            repeatable?: boolean;
            /** @constant */
            vae_tiled?: true;
            scheduler: string;
            /** @enum {string} */
            rng: 'philox' | 'torch-cpu';
            cache?: {
              /** @enum {string} */
              name: 'ucache' | 'spectrum';
            } & {
              [key: string]: unknown;
            };
            images: {
              seed: number;
              latent_sha256: string;
              evaluations?: {
                computed: number;
                forecast: number;
              };
            }[];
          };
          warnings?: string[];
        }
      | {
          /** @enum {string} */
          status: 'QUEUED' | 'PROCESSING';
          /** Format: uuid */
          request_id: string;
          /** Format: uri */
          status_url: string;
          /** Format: uri */
          response_url: string;
          metrics: Record<string, never>;
        };
    SyncReply: {
      image: string | string[];
      /** @constant */
      status: 'success';
      infer_time: number;
      seed: number;
      warnings?: string[];
    };
    Styles: {
      default: string;
      styles: {
        name: string;
        aliases: string[];
      }[];
    };
    Schedulers: {
      [key: string]: {
        default: string;
        schedulers: string[];
        aliases: {
          [key: string]: string;
        };
      };
    };
    Samplers: {
      samplers: {
        name: string;
        method: string;
        /** @enum {string} */
        noise: 'none' | 'normal' | 'brownian';
        source: string;
        default_schedule: string;
        schedules: string[];
        options: string[];
        default_guidance_scale?: number;
      }[];
      schedules: {
        name: string;
        description: string;
      }[];
      minimum: {
        num_inference_steps: number;
        guidance_scale: number;
      };
    };
    UserCredits: {
      credits: number;
      'free-credits': number;
    };
    Credits: {
      data: {
        credits: {
          remaining: number;
          used: number;
        };
      };
    };
    Adapters: {
      data: {
        name: string;
        kind: string;
        trigger_words: string[];
        few_step?: {
          /** @enum {string} */
          kind: 'lightning' | 'turbo' | 'hyper' | 'lcm' | 'tcd' | 'dmd2';
          steps: number;
          first_timestep?: number;
          /** @enum {string} */
          known_by: 'manifest' | 'metadata' | 'name';
          defaults: {
            scheduler: string;
            sampler: string;
            schedule: string;
            num_inference_steps: number;
            guidance_scale: number;
          };
          ranges: {
            num_inference_steps: [number, number];
            guidance_scale: [number, number];
          };
        };
        tokens?: number;
        width?: number;
      }[];
      unusable: {
        name: string;
        reason: string;
      }[];
    };
    Capabilities: {
      version: string;
      authentication: boolean;
      fields: {
        [key: string]: {
          [key: string]: {
            [key: string]: unknown;
          };
        };
      };
      styles: string[];
      cacheable_schedulers: {
        [key: string]: string[];
      };
      refiner: boolean;
      base_models: string[];
      known_words: {
        model: string;
        serves: string[];
        name: string;
        note: string;
        words: string[];
        examples: string[];
      }[];
      workers: {
        device: string;
        busy: boolean;
      }[];
      waiting: number;
      image_bytes: number;
      lab_report: boolean;
    };
    Tokenized: {
      chunk_length: number;
      prompt: number[];
      negative_prompt: number[];
      warnings: string[];
    };
    PictureParameters: {
      parameters: string;
      slug: ('sdxl-torch' | 'sdxl-img2img' | 'sdxl1.0-txt2img' | 'sdxl1.0-img2img') | null;
      request: {
        [key: string]: unknown;
      } | null;
      warnings: string[];
    };
    SignIn: {
      key: string;
    };
    Health: {
      /** @constant */
      status: 'ok';
    };
    Ready: {
      /** @constant */
      status: 'ready';
      workers: number;
      devices: {
        device: string;
        reason?: string;
        memory?: {
          plan: string;
          what: string;
          cost: string;
          why: string;
          estimated_bytes?: number;
          available_bytes?: number;
        };
      }[];
    };
    NotReady: {
      /** @constant */
      status: 'not ready';
      error: string;
      /** @constant */
      workers: 0;
    };
    OpenAiModel: {
      id: string;
      /** @constant */
      object: 'model';
      created: number;
      owned_by: string;
      /** @enum {string} */
      kind?: 'base' | 'refiner';
      loaded?: boolean;
      /** @constant */
      adapters?: false;
      sizes?: {
        minimum: number;
        maximum: number;
        multiple_of: number;
      };
      defaults?: {
        scheduler: string;
        sampler?: string;
        schedule?: string;
        num_inference_steps: number;
        guidance_scale: number;
        negative_prompt: string;
        clip_skip?: number;
        img_width: number;
        img_height: number;
        refiner: boolean;
      };
      ranges?: {
        num_inference_steps: number[];
        guidance_scale: number[];
      };
      image_to_image?: {
        defaults: {
          scheduler: string;
          sampler?: string;
          schedule?: string;
          num_inference_steps: number;
          guidance_scale: number;
          negative_prompt: string;
          clip_skip?: number;
        };
        ranges: {
          num_inference_steps: number[];
          guidance_scale: number[];
        };
      };
    };
    OpenAiModels: {
      /** @constant */
      object: 'list';
      data: {
        id: string;
        /** @constant */
        object: 'model';
        created: number;
        owned_by: string;
        /** @enum {string} */
        kind?: 'base' | 'refiner';
        loaded?: boolean;
        /** @constant */
        adapters?: false;
        sizes?: {
          minimum: number;
          maximum: number;
          multiple_of: number;
        };
        defaults?: {
          scheduler: string;
          sampler?: string;
          schedule?: string;
          num_inference_steps: number;
          guidance_scale: number;
          negative_prompt: string;
          clip_skip?: number;
          img_width: number;
          img_height: number;
          refiner: boolean;
        };
        ranges?: {
          num_inference_steps: number[];
          guidance_scale: number[];
        };
        image_to_image?: {
          defaults: {
            scheduler: string;
            sampler?: string;
            schedule?: string;
            num_inference_steps: number;
            guidance_scale: number;
            negative_prompt: string;
            clip_skip?: number;
          };
          ranges: {
            num_inference_steps: number[];
            guidance_scale: number[];
          };
        };
      }[];
    };
    BatchReply: {
      /** Format: uuid */
      batch_id: string;
      /** @constant */
      status: 'QUEUED';
      total: number;
      /** Format: uri */
      status_url: string;
      /** Format: uri */
      results_url: string;
    };
    Batch: {
      /** Format: uuid */
      batch_id: string;
      /** @enum {string} */
      status: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'CANCELLED';
      total: number;
      counts: {
        waiting: number;
        processing: number;
        completed: number;
        failed: number;
        cancelled: number;
      };
      /** Format: date-time */
      created_at: string;
      finished_at: string | null;
      /** Format: uri */
      status_url: string;
      /** Format: uri */
      results_url: string;
    };
    BatchResult: {
      line: number;
      custom_id: string | null;
      /** @enum {string} */
      status: 'COMPLETED' | 'FAILED' | 'CANCELLED';
      request_id: string | null;
      error: string | null;
      result:
        | ({
            /** @constant */
            status: 'COMPLETED';
          } & {
            [key: string]: unknown;
          })
        | null;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
