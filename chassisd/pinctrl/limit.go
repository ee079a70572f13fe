package pinctrl

import "time"

// limit is a token bucket.
type limit struct {
	rate, burst float64 // tokens a second, tokens at most
	tokens      float64
	last        time.Time
}

func newLimit(rate, burst float64) *limit { return &limit{rate: rate, burst: burst, tokens: burst} }

// take takes a token if there is one.
func (l *limit) take(now time.Time) bool {
	if !l.last.IsZero() {
		l.tokens = min(l.burst, l.tokens+l.rate*now.Sub(l.last).Seconds())
	}
	l.last = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
