/** Who meets what is asked for: policy and approval read one table, which is of the protocol. */
export { isAnswerable, meets, missingOf, requirementsOf } from '@surety/protocol'
