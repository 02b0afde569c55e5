// pm2: PM2_KILL_SIGNAL=SIGTERM pm2 start ecosystem.config.cjs
// Not in cluster mode: a gateway is one process, which starts its own workers on the other cores.
module.exports = {
  apps: [
    {
      name: 'game',
      script: 'node_modules/sallyport/dist/gateway/program/main.js',
      node_args: '--enable-source-maps',
      exec_mode: 'fork',
      instances: 1,
      // drainTimeout (30 s), twice drainSpread (2 s), handoverTimeout (10 s, in a cluster), four times
      // closeTimeout (4 s): 60 s, and some seconds for the end of the process.
      kill_timeout: 75_000,
      // Worker processes end with the gateway; a signal of their own would cut their requests.
      treekill: false,
      env: {
        NODE_ENV: 'production',
        SALLYPORT_CONFIG: 'dist/sallyport.config.js'
      }
    }
  ]
}
