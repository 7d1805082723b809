// Makes a bootstrap as the user that runs it: for the test of those who are not root.
import { bootstrapDebian } from '../src/index.ts'

const options = JSON.parse(process.argv[2] ?? '')
const answer = await bootstrapDebian(options).catch(({ message, failure }) => ({ message, failure }))
process.stdout.write(JSON.stringify({ user: process.getuid?.(), ...answer }))
