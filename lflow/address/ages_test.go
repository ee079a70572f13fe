package address

import (
	"net/netip"
	"testing"
	"time"
)

func TestAges(t *testing.T) {
	for _, c := range []struct {
		text, ip string
		want     time.Duration
		least    time.Duration
	}{
		{"", "10.0.0.1", 0, 0},
		{"300", "10.0.0.1", 300 * time.Second, 300 * time.Second},
		{"0", "fd00::1", 0, 0},
		{"10.0.0.0/8:300;10.1.0.0/16:0;fd00::/16:20;60", "10.2.0.1", 300 * time.Second, 20 * time.Second},
		{"10.0.0.0/8:300;10.1.0.0/16:0;fd00::/16:20;60", "10.1.0.1", 0, 20 * time.Second},
		{"10.0.0.0/8:300;10.1.0.0/16:0;fd00::/16:20;60", "fd00::1", 20 * time.Second, 20 * time.Second},
		{"10.0.0.0/8:300;10.1.0.0/16:0;fd00::/16:20;60", "192.0.2.1", 60 * time.Second, 20 * time.Second},
		{"10.0.0.7:5;1;2;", "10.0.0.7", 5 * time.Second, 2 * time.Second},
		{"0.0.0.0/0:7", "fd00::1", 7 * time.Second, 7 * time.Second}, // as OVN: it has no length
	} {
		a, err := ParseAges(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := a.Of(netip.MustParseAddr(c.ip)); got != c.want {
			t.Errorf("%q: %s has %s, want %s", c.text, c.ip, got, c.want)
		}
		if got := a.Least(); got != c.least {
			t.Errorf("%q: the least is %s, want %s", c.text, got, c.least)
		}
	}
	for _, bad := range []string{"x", "-1", "10.0.0.0/33:5", "host:5", "10.0.0.0/8:", "4294967296", "10.0.0.0/8:5;y"} {
		if a, err := ParseAges(bad); err == nil {
			t.Errorf("%q is %+v", bad, a)
		}
	}
}

func FuzzAges(f *testing.F) {
	f.Add("10.0.0.0/8:300;fd00::/16:20;60")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAges(s)
		if err == nil && a.Of(netip.MustParseAddr("10.0.0.1")) < 0 {
			t.Errorf("%q: %+v", s, a)
		}
	})
}
