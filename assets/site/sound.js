// Sounds made on the spot, so that the site needs no recordings: soft, short, never by themselves.
"use strict";

let context;
let busy = [];

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
const SCALE = [523.25, 587.33, 659.26, 698.46, 783.99, 880, 987.77, 1046.5]; // C5 to C6, Hz
const note = (n, t) => voice(t, { from: SCALE[n - 1], length: 0.6 });
// “Twinkle, twinkle, little star” (traditional): the bar, and how many beats
const TUNE = [[1, 1], [1, 1], [5, 1], [5, 1], [6, 1], [6, 1], [5, 2], [4, 1], [4, 1], [3, 1], [3, 1], [2, 1], [2, 1], [1, 2]];
const BEAT = 0.55; // s: fewer than two changes of light a second

function play(name) {
  context ??= new AudioContext();
  context.resume();
  busy.forEach((each) => each.stop()); // the latest sound replaces what still sounds
  busy = [];
  lit.forEach(clearTimeout);
  lit = [];
  document.querySelectorAll(".on").forEach((bar) => bar.classList.remove("on"));
  const now = context.currentTime + 0.02;
  if (name === "tune") tune(now);
  else if (name.startsWith("note-")) note(Number(name.slice(5)), now);
  else SOUNDS[name](now);
}

let lit = [];
function tune(start) {
  let beats = 0;
  for (const [n, long] of TUNE) {
    note(n, start + beats * BEAT);
    const bar = document.querySelector(`[data-sound="note-${n}"]`);
    lit.push(setTimeout(() => bar.classList.add("on"), beats * BEAT * 1000));
    lit.push(setTimeout(() => bar.classList.remove("on"), (beats + long * 0.8) * BEAT * 1000));
    beats += long;
  }
}

document.addEventListener("click", (event) => {
  const touched = event.target.closest("[data-sound]");
  if (touched) play(touched.dataset.sound);
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("dragstart", (event) => event.preventDefault());
