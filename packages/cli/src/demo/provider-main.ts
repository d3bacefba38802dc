/** Where the provider's process starts: its credentials and the public keys of Surety are files. */
import { openShop } from './provider.ts'

const [credentialsFile = '', jwksFile = ''] = process.argv.slice(2)
await openShop(credentialsFile, jwksFile)
