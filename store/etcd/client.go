package etcd

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"math"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Dial makes a client for an external cluster. It returns at once; whether a
// server answers shows at the first call. tlsConfig may be nil.
//
// The client's own limit on what it sends is lifted, so that the server's is
// the one that holds; dead connections are noticed within seconds.
func Dial(endpoints []string, tlsConfig *tls.Config, log *slog.Logger) (*clientv3.Client, error) {
	c, err := clientv3.New(clientv3.Config{
		Endpoints:            endpoints,
		TLS:                  tlsConfig,
		DialTimeout:          0,
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 3 * time.Second,
		MaxCallSendMsgSize:   math.MaxInt32,
		Logger:               zap.New(newLogCore(log)),
	})
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return c, nil
}
