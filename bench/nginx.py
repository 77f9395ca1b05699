"""The machine's own nginx as a plain reverse proxy: one worker, kept connections to the shop, no log."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream shop {{ server {shop}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://shop;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      client_body_buffer_size 64k;
    }}
  }}
}}
"""
ABSENT = "no nginx here; on Debian, `apt-get install nginx-light` as root brings one"


def found() -> str | None:
    """The path of nginx, None where there is none."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def version(binary: str) -> str:
    """What it says it is."""
    said = subprocess.run([binary, "-v"], capture_output=True, text=True, timeout=20, check=False).stderr
    return said.strip().rpartition("/")[2]


def command(binary: str, shop_url: str, port: int, folder: Path) -> list[str]:
    """The command that proxies a shop; writes the configuration into `folder`."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, shop=urlsplit(shop_url).netloc, port=port), "utf-8")
    return [binary, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(config)]
