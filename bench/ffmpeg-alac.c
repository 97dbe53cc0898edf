/* ALAC by FFmpeg's libavcodec, packet by packet: what it costs and what it makes of 16-bit stereo of 44.1 kHz.
 *   ffmpeg-alac FRAMES-A-PACKET ENCODES DECODES FILE.s16...
 * Says what AlacBench says: least processor time of the thread, ns a frame, and bytes of all packets for each byte of PCM. What is decoded is compared with
 * its source. Code 1: it differs. Code 2: cannot run.
 *   cc -O2 -o ffmpeg-alac ffmpeg-alac.c -lavcodec -lavutil     (Debian: libavcodec-dev)
 */
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RATE = 44100, COOKIE = 36, FRAME_LENGTH_AT = 12 };

struct piece {
  int16_t *pcm;
  long frames;
  AVPacket **packets;
  int count;
  uint8_t cookie[COOKIE];
};

static void give_up(const char *what) {
  fprintf(stderr, "ffmpeg-alac: %s\n", what);
  exit(2);
}

static double thread_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void load(const char *path, int size, struct piece *p) {
  FILE *f = fopen(path, "rb");
  if (!f) give_up(path);
  fseek(f, 0, SEEK_END);
  p->frames = ftell(f) / 4;
  rewind(f);
  p->pcm = malloc(p->frames * 4 + 1);
  if (fread(p->pcm, 4, p->frames, f) != (size_t)p->frames) give_up(path);
  fclose(f);
  p->packets = calloc(p->frames / size + 2, sizeof *p->packets);
  p->count = 0;
}

static void drop_packets(struct piece *p) {
  for (int i = 0; i < p->count; i++) av_packet_free(&p->packets[i]);
  p->count = 0;
}

static void take_packets(AVCodecContext *c, struct piece *p) {
  for (AVPacket *packet = av_packet_alloc();; packet = av_packet_alloc()) {
    if (avcodec_receive_packet(c, packet) < 0) {
      av_packet_free(&packet);
      return;
    }
    p->packets[p->count++] = packet;
  }
}

static double encode(struct piece *p, int size) {
  drop_packets(p);
  AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder_by_name("alac"));
  c->sample_rate = RATE;
  c->sample_fmt = AV_SAMPLE_FMT_S16P;
  c->thread_count = 1;
  av_channel_layout_default(&c->ch_layout, 2);
  if (avcodec_open2(c, NULL, NULL) < 0) give_up("no encoder");
  memcpy(p->cookie, c->extradata, COOKIE);
  c->frame_size = size; /* the encoder goes by it, though nothing but 4096 can be asked for */
  AVFrame *f = av_frame_alloc();
  f->format = AV_SAMPLE_FMT_S16P;
  f->sample_rate = RATE;
  f->nb_samples = size;
  av_channel_layout_default(&f->ch_layout, 2);
  if (av_frame_get_buffer(f, 0) < 0) give_up("no memory");
  double start = thread_seconds();
  for (long at = 0; at < p->frames; at += size) {
    if (av_frame_make_writable(f) < 0) give_up("no memory");
    f->nb_samples = p->frames - at < size ? p->frames - at : size;
    int16_t *left = (int16_t *)f->data[0], *right = (int16_t *)f->data[1];
    for (int i = 0; i < f->nb_samples; i++) {
      left[i] = p->pcm[2 * (at + i)];
      right[i] = p->pcm[2 * (at + i) + 1];
    }
    if (avcodec_send_frame(c, f) < 0) give_up("cannot encode");
    take_packets(c, p);
  }
  avcodec_send_frame(c, NULL);
  take_packets(c, p);
  double seconds = thread_seconds() - start;
  av_frame_free(&f);
  avcodec_free_context(&c);
  return seconds;
}

/* -1: what was decoded is not what was encoded. */
static double decode(struct piece *p, int size, int compare) {
  AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder_by_name("alac"));
  c->thread_count = 1;
  c->sample_rate = RATE;
  av_channel_layout_default(&c->ch_layout, 2);
  c->extradata = av_mallocz(COOKIE + AV_INPUT_BUFFER_PADDING_SIZE);
  c->extradata_size = COOKIE;
  memcpy(c->extradata, p->cookie, COOKIE);
  for (int i = 0; i < 4; i++) c->extradata[FRAME_LENGTH_AT + i] = (uint8_t)(size >> (24 - 8 * i));
  if (avcodec_open2(c, NULL, NULL) < 0) give_up("no decoder");
  AVFrame *f = av_frame_alloc();
  long at = 0, wrong = 0;
  double start = thread_seconds();
  for (int i = 0; i < p->count; i++) {
    if (avcodec_send_packet(c, p->packets[i]) < 0) wrong++;
    while (avcodec_receive_frame(c, f) >= 0) {
      if (compare) {
        const int16_t *left = (int16_t *)f->data[0], *right = (int16_t *)f->data[1];
        for (int k = 0; k < f->nb_samples && at + k < p->frames; k++) wrong += left[k] != p->pcm[2 * (at + k)] || right[k] != p->pcm[2 * (at + k) + 1];
      }
      at += f->nb_samples;
    }
  }
  double seconds = thread_seconds() - start;
  av_frame_free(&f);
  avcodec_free_context(&c);
  return wrong || at != p->frames ? -1 : seconds;
}

int main(int count, char **args) {
  if (count < 5) give_up("FRAMES-A-PACKET ENCODES DECODES FILE.s16...");
  int size = atoi(args[1]), encodes = atoi(args[2]), decodes = atoi(args[3]);
  for (int i = 4; i < count; i++) {
    struct piece p;
    load(args[i], size, &p);
    double least_encode = 1e9, least_decode = 1e9;
    for (int k = 0; k < encodes; k++) {
      double seconds = encode(&p, size);
      if (seconds < least_encode) least_encode = seconds;
    }
    int differs = decode(&p, size, 1) < 0;
    for (int k = 0; k < decodes && !differs; k++) {
      double seconds = decode(&p, size, 0);
      if (seconds < least_decode) least_decode = seconds;
    }
    if (differs) {
      fprintf(stderr, "ffmpeg-alac: %s: what is decoded is not what was encoded\n", args[i]);
      return 1;
    }
    long bytes = 0;
    for (int k = 0; k < p.count; k++) bytes += p.packets[k]->size;
    const char *name = strrchr(args[i], '/');
    printf("%-20s %-8s %5d  encode %6.1f ns/frame  decode %6.1f ns/frame  size %.4f\n", name ? name + 1 : args[i], "ffmpeg", size,
           least_encode * 1e9 / p.frames, decodes ? least_decode * 1e9 / p.frames : 0, bytes / 4.0 / p.frames);
    drop_packets(&p);
    free(p.packets);
    free(p.pcm);
  }
  return 0;
}
