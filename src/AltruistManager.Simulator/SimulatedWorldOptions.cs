using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace AltruistManager.Simulator;

/// <summary>What a world is made of; the same seed and the same clock give the same hashes.</summary>
public sealed class SimulatedWorldOptions
{
    /// <summary>The clock by which blocks are made and answers are delayed.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Enters every hash and the jitter of every node.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Where the nodes without a port of their own answer. Only loopback is accepted.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>
    /// Whether the nodes without a port of their own answer at every address of 127.0.0.0/8, so that each can be another host
    /// (<see cref="SimulatedNodeOptions.Address"/>). Linux only; <see cref="Address"/> does not count then.
    /// </summary>
    public bool AllOfLoopback { get; set; }

    /// <summary>The certificate that those nodes show at an address; null when they speak plain HTTP.</summary>
    public Func<IPAddress, X509Certificate2>? CertificateOf { get; set; }

    /// <summary>The port of those nodes; 0 takes a free one.</summary>
    public int Port { get; set; }
}
