package e2e

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e/traffic"
)

// cmdRate has one VM send UDP to another at a steady rate and prints what of it
// arrived.
func cmdRate(c *call) error {
	to, port, offer, length, size := "", "5201", "4M", "2s", "1000"
	var six bool
	err := c.flags(map[string]*string{"-to": &to, "-port": &port, "-offer": &offer, "-for": &length, "-size": &size}, map[string]*bool{"-6": &six})
	if err != nil || len(c.args) < 2 {
		return errUsage
	}
	from, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	sink, err := c.s.VM(c.args[1])
	if err != nil {
		return err
	}
	l := traffic.Load{From: from.ns, To: sink.ns}
	if l.Time, err = duration(length); err != nil {
		return err
	}
	n, err1 := strconv.ParseUint(port, 10, 16)
	bytes, err2 := strconv.ParseUint(size, 10, 16)
	bits, err3 := bitRate(offer)
	if err1 != nil || err2 != nil || err3 != nil || bytes == 0 {
		return errUsage
	}
	l.Port, l.Size, l.Rate = uint16(n), int(bytes), bits
	if to == "" {
		addr, err := c.s.Address(sink.Name, six)
		if err != nil {
			return err
		}
		l.Target = netip.AddrPortFrom(addr, l.Port)
	} else if l.Target, err = c.s.target(to, six); err != nil {
		return err
	}
	return c.load(l, c.args[2:])
}

// load runs and judges: sent, received and lost are datagrams, the rate is what
// arrived of their payload, in bit/s.
func (c *call) load(l traffic.Load, conds []string) error {
	sent, sink, err := l.Run()
	if err != nil {
		return err
	}
	defer sink.Close()
	if err := c.s.barrier(); err != nil {
		return err
	}
	var received uint64
	err = poll(5*time.Second, func() error {
		n, all := sink.Received()
		if received = n; !all {
			return unmetf("the receiver has not read all that arrived")
		}
		return nil
	})
	if err != nil {
		return err
	}
	size := uint64(l.Size)
	figures := map[string]float64{"sent": float64(sent / size), "received": float64(received / size), "lost": float64((sent - min(sent, received)) / size),
		"rate": float64(received) * 8 / l.Time.Seconds()}
	said := fmt.Sprintf("sent=%.0f received=%.0f lost=%.0f rate=%.0f", figures["sent"], figures["received"], figures["lost"], figures["rate"])
	fmt.Fprintln(c.stdout, said)
	for _, w := range conds {
		ok, err := holds(w, figures, func(_, value string) (float64, error) { return bitRate(value) })
		if err != nil {
			return err
		}
		if !ok {
			return unmetf("%s does not hold: %s", w, said)
		}
	}
	return nil
}

// bitRate reads a number with k, M or G for powers of 1000.
func bitRate(s string) (float64, error) {
	factor := 1.0
	for unit, f := range map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9} {
		if rest, ok := strings.CutSuffix(s, unit); ok {
			s, factor = rest, f
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%w: %q is not a rate", errUsage, s)
	}
	return v * factor, nil
}

// holds checks a condition on figures; read understands its right side.
func holds(cond string, figures map[string]float64, read func(name, value string) (float64, error)) (bool, error) {
	for _, op := range []string{"<=", ">=", "="} {
		name, value, ok := strings.Cut(cond, op)
		if !ok {
			continue
		}
		have, found := figures[name]
		want, err := read(name, value)
		if !found || err != nil {
			break
		}
		order := cmp.Compare(have, want)
		return order == 0 || (op == "<=" && order < 0) || (op == ">=" && order > 0), nil
	}
	return false, fmt.Errorf("%w: condition %q", errUsage, cond)
}
