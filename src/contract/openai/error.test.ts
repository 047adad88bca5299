import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiErrorCode } from '../errors.ts';
import { openAiErrorBody, openAiFailure, openAiFailureOf } from './error.ts';

test('a text that begins with a field of a body names it as the param, another does not', () => {
  const param = (text: string) => openAiErrorBody(400, text, 'invalidParameter').error.param;
  assert.equal(param('seed must be an integer'), 'seed');
  assert.equal(param('Prompt is Mandatory'), 'prompt');
  assert.equal(param('base_model "x" is not installed'), 'model');
  assert.equal(param('Input image not found: image "https://a"'), null);
  assert.equal(openAiErrorBody(503, 'seed must be', 'unavailable').error.param, null);
});

test('the type follows the status', () => {
  assert.equal(openAiErrorBody(401, 'x', 'invalidKey').error.type, 'invalid_request_error');
  assert.equal(openAiErrorBody(429, 'x', 'rateLimited').error.type, 'rate_limit_error');
  assert.equal(openAiErrorBody(504, 'x', 'deadline').error.type, 'server_error');
});

test('a refusal of the content policy has the code of the model that was named', () => {
  const failure = (model: string, reason?: string) => {
    const { status, body } = openAiFailureOf(model, reason);
    return [status, body.error.type, body.error.code];
  };
  const policy = "The prompt is against this server's content policy";
  const blocked = [400, 'image_generation_user_error', 'moderation_blocked'];
  assert.deepEqual(failure('gpt-image-1', policy), blocked);
  assert.deepEqual(
    failure('openai/chatgpt-image-latest', 'The picture was blocked by the safety checker'),
    blocked,
  );
  const violation = [400, 'invalid_request_error', 'content_policy_violation'];
  assert.deepEqual(failure('dall-e-3', policy), violation);
  assert.deepEqual(failure('sdxl-torch', policy), violation);
  const failed = [422, 'invalid_request_error', null];
  assert.deepEqual(failure('gpt-image-1', 'The latents contain NaN'), failed);
  assert.deepEqual(failure('dall-e-3'), failed);
});

test('what is missing, unpaid or of another type has the status and code that clients look for', () => {
  const told = (status: number, text: string, code: ApiErrorCode) => {
    const { status: sent, body, headers } = openAiFailure(status, text, code);
    return [sent, body.error.type, body.error.param, body.error.code, headers['x-should-retry']];
  };
  const mandatory = [400, 'invalid_request_error', 'prompt', 'missing_required_parameter', undefined];
  assert.deepEqual(told(400, 'Prompt is Mandatory', 'invalidParameter'), mandatory);
  const unpaid = [429, 'insufficient_quota', null, 'insufficient_quota', 'false'];
  assert.deepEqual(told(406, 'Insufficient credits', 'insufficientCredits'), unpaid);
  const type = [415, 'invalid_request_error', null, null, undefined];
  assert.deepEqual(told(406, 'Invalid content type', 'contentType'), type);
});
