// A voice and soft sounds, one at a time: the latest replaces what still sounds. Nothing sounds by itself, but
// for a story, which is read as its page opens. Words are recordings; sounds are made on the spot.
"use strict";

const GAP = 400; // ms between what is said and the sound that follows
let context; // of the sounds
let busy = []; // sounds under way
let waiting = []; // timers of what comes next
const speaker = new Audio();

function silence() {
  speaker.pause();
  speaker.onended = null;
  busy.forEach((each) => each.stop());
  busy = [];
  waiting.forEach(clearTimeout);
  waiting = [];
  document.querySelectorAll(".on").forEach((each) => each.classList.remove("on"));
}

function later(ms, act) {
  waiting.push(setTimeout(act, ms));
}

// One recording; `then` comes after it, and also when there is no loudspeaker or no recording.
function say(line, then = () => {}) {
  speaker.src = `/sounds/${line}.ogg`;
  speaker.onended = () => later(GAP, then);
  return speaker.play().catch(then);
}

function voice(at, { wave = "sine", from, to = from, length = 0.4, loud = 0.25, wobble = 0, through = 0 }) {
  const oscillator = new OscillatorNode(context, { type: wave, frequency: from });
  const gain = new GainNode(context, { gain: 0 });
  oscillator.frequency.setValueAtTime(from, at);
  oscillator.frequency.linearRampToValueAtTime(to, at + length);
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + 0.04);
  gain.gain.setTargetAtTime(0, at + length * 0.6, length * 0.16);
  let end = oscillator;
  if (through) end = end.connect(new BiquadFilterNode(context, { type: "lowpass", frequency: through, Q: 4 }));
  end.connect(gain).connect(context.destination);
  if (wobble) {
    const tremble = new OscillatorNode(context, { frequency: wobble });
    tremble.connect(new GainNode(context, { gain: from * 0.06 })).connect(oscillator.frequency);
    tremble.start(at);
    tremble.stop(at + length * 1.6);
  }
  oscillator.start(at);
  oscillator.stop(at + length * 1.6);
  busy.push(oscillator);
}

const SOUNDS = {
  duck: (t) => [0, 0.28, 0.56].forEach((d) => voice(t + d, { wave: "sawtooth", from: 420, to: 300, length: 0.17, through: 1300 })),
  cow: (t) => voice(t, { wave: "sawtooth", from: 130, to: 105, length: 1.3, loud: 0.35, through: 500 }),
  sheep: (t) => voice(t, { wave: "sawtooth", from: 340, to: 300, length: 0.8, wobble: 9, through: 1100 }),
  cat: (t) => { voice(t, { wave: "triangle", from: 520, to: 820, length: 0.35 }); voice(t + 0.3, { wave: "triangle", from: 820, to: 480, length: 0.5 }); },
  frog: (t) => [0, 0.35].forEach((d) => voice(t + d, { wave: "square", from: 150, to: 230, length: 0.2, wobble: 30, through: 700 })),
  owl: (t) => { voice(t, { from: 400, to: 370, length: 0.35 }); voice(t + 0.5, { from: 400, to: 340, length: 0.7, wobble: 7 }); },
  bee: (t) => voice(t, { wave: "sawtooth", from: 190, to: 230, length: 0.9, loud: 0.15, wobble: 12, through: 900 }),
};
const SCALE = [523.25, 587.33, 659.26, 698.46, 783.99, 880]; // C5 to A5, Hz: one for each bar
SCALE.forEach((from, n) => { SOUNDS[`note-${n + 1}`] = (t) => voice(t, { from, length: 0.6 }); });

function sound(name) {
  context ??= new AudioContext();
  context.resume();
  SOUNDS[name](context.currentTime + 0.02);
}

// “Twinkle, twinkle, little star” (Jane Taylor, 1806; the tune traditional) is a recording; these are its bars, by
// note and beats, which light up as it goes.
const BEAT = 0.55; // s: fewer than two changes of light a second
const TUNE = [[1, 1], [1, 1], [5, 1], [5, 1], [6, 1], [6, 1], [5, 2], [4, 1], [4, 1], [3, 1], [3, 1], [2, 1], [2, 1], [1, 2]];

function song() {
  let beats = 0;
  for (const [n, long] of TUNE) {
    const bar = document.querySelector(`[data-sound="note-${n}"]`);
    later(beats * BEAT * 1000, () => bar.classList.add("on"));
    later((beats + long * 0.8) * BEAT * 1000, () => bar.classList.remove("on"));
    beats += long;
  }
}

function touched(part) {
  silence();
  const { say: line, sound: name } = part.dataset;
  const after = name && (() => sound(name));
  if (line === "song") say(line).then(song);
  else if (line) say(line, after);
  else after();
}

document.addEventListener("click", (event) => {
  const part = event.target.closest("[data-say], [data-sound]");
  if (part) touched(part);
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("dragstart", (event) => event.preventDefault());
document.querySelectorAll("[data-read]").forEach(touched);
