/**
 * What Prometheus asks for, behind a credential: a proxy on this machine looks like this machine,
 * so that where a request comes from proves nothing (ADR 0022).
 *
 * @module
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { App } from '../app/runtime.ts'
import { type CallerOf, METRICS_SCOPE } from './caller.ts'
import { sendProblem } from './problem.ts'

export const METRICS_PATH = '/metrics'

/** Serves the metrics; they are answered under overload too, when they are wanted most. */
export function serveMetrics(
  fastify: FastifyInstance,
  app: App,
  callerOf: CallerOf,
  busy: () => number,
): void {
  const exposition = app.meter.offer(() => ({
    reads: app.store.reads,
    at: app.clock.now(),
    waiting: app.store.waiting,
    busy: busy(),
  }))
  fastify.route({
    method: 'GET',
    url: METRICS_PATH,
    config: { path: METRICS_PATH },
    handler: async (request, reply): Promise<FastifyReply> => {
      const caller = await callerOf(app, METRICS_SCOPE, request)
      if (!caller.ok) return sendProblem(reply, caller.refusal, request.id, caller.detail)
      const { type, text } = await exposition()
      return reply.type(type).send(text)
    },
  })
}
