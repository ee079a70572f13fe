package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/weft-sdn/weft/proto"
)

// Server serves one daemon's admin API.
type Server struct {
	grpc   *grpc.Server
	health *health.Server
	lis    net.Listener
}

// Listen opens target ("unix:/run/weft/northd.sock", or "host:port") and
// serves srv, health and reflection on it. The service is not serving until
// SetServing(true).
func Listen(target string, srv proto.AdminServer) (*Server, error) {
	lis, err := listen(target)
	if err != nil {
		return nil, fmt.Errorf("admin: listen on %s: %w", target, err)
	}
	s := &Server{grpc: grpc.NewServer(), health: health.NewServer(), lis: lis}
	proto.RegisterAdminServer(s.grpc, srv)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	s.SetServing(false)
	return s, nil
}

// Serve answers until ctx is done.
func (s *Server) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		done := make(chan struct{})
		go func() { s.grpc.GracefulStop(); close(done) }()
		select {
		case <-done:
		case <-time.After(time.Second): // a stream that somebody holds open
			s.grpc.Stop()
		}
	})
	defer stop()
	if err := s.grpc.Serve(s.lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("admin: %w", err)
	}
	return nil
}

// SetServing sets what the health service answers for the whole daemon.
func (s *Server) SetServing(ok bool) {
	st := grpc_health_v1.HealthCheckResponse_NOT_SERVING
	if ok {
		st = grpc_health_v1.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", st)
}

func listen(target string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		return ListenUnix(path)
	}
	return net.Listen("tcp", target)
}

// ListenUnix listens on path, whose folder is made where it is missing. A
// socket file that nobody answers on is left over from a killed daemon and
// replaced; one that somebody answers on is an error.
func ListenUnix(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, errors.New("another daemon answers there")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o660)
}

// Dial connects to a daemon's admin API.
func Dial(target string) (*grpc.ClientConn, error) {
	if path, ok := strings.CutPrefix(target, "unix:"); ok && !strings.HasPrefix(path, "/") {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		target = "unix:" + abs
	} else if !ok {
		target = "passthrough:///" + target
	}
	return grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
}
