#!/usr/bin/env node
// node-airtunes2 (npm) as a sender. Run where `require('node-airtunes2')` resolves (NODE_PATH).
//   node node-airtunes2.js HOST PORT FILE.pcm [password] [volume 0..100]
// Ends with 0 when it has played, 3 when the session was refused, 4 when it hangs. DEBUG=1 in the environment: its own log on stderr.
// TITLE, ARTIST, ALBUM, COVER (a file), POSITION and DURATION (s) in the environment are told to the receiver once it plays.
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
// Each of its setters does nothing unless the request before has been answered, and then its callback comes with each later answer too.
function tell(steps) {
  const [step, ...rest] = steps
  if (!step) return log('told')
  let told = false
  const again = setInterval(() => step(() => {
    if (told) return
    told = true
    clearInterval(again)
    tell(rest)
  }), 50)
}
const { TITLE, ARTIST, ALBUM, COVER, POSITION, DURATION } = process.env
const steps = !TITLE ? [] : [(done) => sender.setTrackInfo('all', TITLE, ARTIST || '', ALBUM || '', done)]
if (COVER) steps.push((done) => sender.setArtwork('all', COVER, null, done))
if (DURATION) steps.push((done) => sender.setProgress('all', +POSITION, +DURATION, done))

let started = false
sender.on('device', (key, status) => {
  log('device', status, Date.now() / 1000)
  if (status === 'ready' && !started) {
    started = true
    if (steps.length) tell(steps)
    fs.createReadStream(file, { highWaterMark: 352 * 4 * 16 }).pipe(sender)
  }
  if (status === 'stopped' || status === 'error') setTimeout(() => process.exit(started ? 0 : 3), 200)
})
setTimeout(() => process.exit(4), mostMs)
