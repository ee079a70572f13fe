package duty

import (
	"maps"
	"time"
)

// limit is a rate that ports share: each has a bucket of its own, and together
// they fill at the rate, so that a port that sends much leaves the others their
// part. A port that was quiet for as long as a bucket takes to fill is forgotten.
type limit struct {
	rate    float64 // tokens a second, and tokens at most, of all ports
	buckets map[port]*bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	last   time.Time
}

// maxPorts bounds the ports with a bucket of their own. The others share one.
const maxPorts = 1024

func newLimit(rate float64) *limit { return &limit{rate: rate, buckets: map[port]*bucket{}} }

// take takes a token of the port if there is one.
func (l *limit) take(p port, now time.Time) bool {
	if now.Sub(l.swept) > time.Second {
		l.swept = now
		maps.DeleteFunc(l.buckets, func(_ port, b *bucket) bool { return now.Sub(b.last) > time.Second })
	}
	b := l.buckets[p]
	if b == nil && len(l.buckets) >= maxPorts {
		p = port{}
		b = l.buckets[p]
	}
	fresh := b == nil
	if fresh {
		b = &bucket{last: now}
		l.buckets[p] = b
	}
	share := l.rate / float64(len(l.buckets))
	if fresh {
		b.tokens = share
	}
	b.tokens = min(max(share, 1), b.tokens+share*now.Sub(b.last).Seconds())
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
