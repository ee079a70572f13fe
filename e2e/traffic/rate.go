package traffic

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Load is UDP traffic from one namespace to another at a steady rate.
type Load struct {
	From, To string         // namespaces
	Target   netip.AddrPort // where From sends to
	Port     uint16         // where To listens
	Size     int            // of a datagram's payload, bytes
	Rate     float64        // of payload, bit/s
	Time     time.Duration
}

// Sink counts what arrives of a load.
type Sink struct {
	conn     *net.UDPConn
	received atomic.Uint64 // bytes
}

// pace is how often a load sends what is due.
const pace = 5 * time.Millisecond

// Run sends; the sink counts on until it is closed, for what is still under way.
// sent is in bytes.
func (l Load) Run() (sent uint64, sink *Sink, err error) {
	sink = &Sink{}
	err = netns.Within(l.To, func() (err error) {
		sink.conn, err = net.ListenUDP("udp", &net.UDPAddr{Port: int(l.Port)})
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("traffic: rate: %w", err)
	}
	_ = sink.conn.SetReadBuffer(8 << 20)
	go sink.count()
	var out net.Conn
	err = netns.Within(l.From, func() (err error) {
		out, err = net.Dial("udp", l.Target.String())
		return err
	})
	if err != nil {
		sink.Close()
		return 0, nil, fmt.Errorf("traffic: rate: %w", err)
	}
	defer out.Close()
	data := make([]byte, l.Size)
	begin := time.Now()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for passed := time.Duration(0); passed < l.Time; passed = time.Since(begin) {
		for due := l.Rate / 8 * passed.Seconds(); float64(sent) < due; sent += uint64(l.Size) {
			_, _ = out.Write(data) // what is refused (ICMP) or finds no room is lost, as on the wire
		}
		<-tick.C
	}
	return sent, sink, nil
}

func (s *Sink) count() {
	buf := make([]byte, 65536)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			return
		}
		s.received.Add(uint64(n))
	}
}

// Received is how many bytes came, once all that has arrived is counted.
func (s *Sink) Received() (bytes uint64, all bool) {
	waiting := 0
	if conn, err := s.conn.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { waiting, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
	}
	return s.received.Load(), waiting == 0
}

// Close ends the counting.
func (s *Sink) Close() error { return s.conn.Close() }
