/** Why a person is asked. */
import { waits } from './reason-type.ts'

export const ASKING_REASONS = {
  risk_class_escalated: waits(
    'escalate',
    'the profile asks an operator about the risk class',
    'wait for the operator; the gate keeps its place until it expires',
  ),
  autonomy_escalated: waits(
    'escalate',
    'the profile asks an operator about the risk at this level of autonomy',
    'wait for the operator; the gate keeps its place until it expires',
    'autonomy',
  ),
  session_escalated: waits(
    'escalate',
    'the profile asks an operator about the session',
    'wait for the operator; the gate keeps its place until it expires',
    'session',
  ),
  condition_escalated: waits(
    'escalate',
    'the profile asks an operator where this condition holds',
    'wait for the operator; the gate keeps its place until it expires',
    'condition',
  ),
  rate_escalated: waits(
    'escalate',
    'the profile asks an operator about doing it so often',
    'wait for the operator; the gate keeps its place until it expires',
    'rate',
  ),
  sequence_escalated: waits(
    'escalate',
    'the profile asks an operator about doing it so soon after what was done before',
    'wait for the operator; the gate keeps its place until it expires',
    'sequence',
  ),
  approval_escalated: waits(
    'escalate',
    'the profile asks an operator about an amount of this size',
    'wait for the operator; the gate keeps its place until it expires',
  ),
  fallback_escalated: waits(
    'escalate',
    'the profile asks an operator about everything',
    'wait for the operator; the gate keeps its place until it expires',
  ),
  risk_class_challenged: waits(
    'challenge',
    'the profile asks somebody about the risk class',
    'wait for the answer; the gate keeps its place until it expires',
  ),
  autonomy_challenged: waits(
    'challenge',
    'the profile asks somebody about the risk at this level of autonomy',
    'wait for the answer; the gate keeps its place until it expires',
    'autonomy',
  ),
  session_challenged: waits(
    'challenge',
    'the profile asks somebody about the session',
    'wait for the answer; the gate keeps its place until it expires',
    'session',
  ),
  condition_challenged: waits(
    'challenge',
    'the profile asks somebody where this condition holds',
    'wait for the answer; the gate keeps its place until it expires',
    'condition',
  ),
  rate_challenged: waits(
    'challenge',
    'the profile asks somebody about doing it so often',
    'wait for the answer; the gate keeps its place until it expires',
    'rate',
  ),
  sequence_challenged: waits(
    'challenge',
    'the profile asks somebody about doing it so soon after what was done before',
    'wait for the answer; the gate keeps its place until it expires',
    'sequence',
  ),
  approval_challenged: waits(
    'challenge',
    'the profile asks somebody about an amount of this size',
    'wait for the answer; the gate keeps its place until it expires',
  ),
  fallback_challenged: waits(
    'challenge',
    'the profile asks somebody about everything',
    'wait for the answer; the gate keeps its place until it expires',
  ),
} as const
