#!/usr/bin/env node
// node-airtunes2 (npm) as a sender. Run where `require('node-airtunes2')` resolves (NODE_PATH).
//   node node-airtunes2.js HOST PORT FILE.pcm [password] [volume 0..100]
// Ends with 0 when it has played, 3 when the session was refused, 4 when it hangs. DEBUG=1 in the environment: its own log on stderr.
// The module plays its ring buffer by the wall clock; the file is written with back-pressure. When the file is at its end it sends
// silence until stopped: the receiver has two seconds still to play then.
const fs = require('fs')
const AirTunes = require('node-airtunes2')

const [host, port, file, password, volume] = process.argv.slice(2)
const tailMs = 2500, mostMs = 120000
const log = console.log
console.log = process.env.DEBUG ? (...a) => process.stderr.write(a.join(' ') + '\n') : () => {}

const sender = new AirTunes()
sender.add(host, {
  port: +port,
  volume: volume === undefined ? 100 : +volume,
  password: password || null,
  debug: !!process.env.DEBUG,
  mode: 0,
  txt: 'txtvers=1;ch=2;cn=0,1;ek=1;et=0,1;sv=false;sr=44100;ss=16;vn=3;tp=UDP'.split(';'),
  forceAlac: true,
  alacEncoding: true,
})
sender.on('error', (e) => log('error', e))
sender.on('buffer', (status) => {
  log('buffer', status)
  if (status === 'end') setTimeout(() => sender.stopAll(() => process.exit(0)), tailMs)
})
let started = false
sender.on('device', (key, status) => {
  log('device', status, Date.now() / 1000)
  if (status === 'ready' && !started) {
    started = true
    fs.createReadStream(file, { highWaterMark: 352 * 4 * 16 }).pipe(sender)
  }
  if (status === 'stopped' || status === 'error') setTimeout(() => process.exit(started ? 0 : 3), 200)
})
setTimeout(() => process.exit(4), mostMs)
