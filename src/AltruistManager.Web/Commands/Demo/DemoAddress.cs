using System.Net;
using System.Net.Sockets;

namespace AltruistManager.Web.Commands.Demo;

/// <summary>Where the demo listens: on loopback, whatever is asked for.</summary>
internal static class DemoAddress
{
    private const int UsualPort = 8080;

    /// <summary>
    /// What is wrong with addresses given by hand; null when nothing is. Names other than localhost are refused whatever they
    /// resolve to, because the server takes them for every address of the machine.
    /// </summary>
    public static string? Refusal(string urls)
    {
        var addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var address in addresses)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp)
                return $"--urls: {address} is no http address such as http://127.0.0.1:{UsualPort}";
            if (url.Host != "localhost" && !(IPAddress.TryParse(url.Host, out var ip) && IPAddress.IsLoopback(ip)))
                return $"--urls: the demo listens on loopback only, and {url.Host} is not";
        }

        return addresses.Length == 0 ? "--urls: no address is given" : null;
    }

    /// <summary>The usual port, or any free one where that is taken.</summary>
    public static string Free()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, UsualPort);
            listener.Start();
            return $"http://127.0.0.1:{UsualPort}";
        }
        catch (SocketException)
        {
            return "http://127.0.0.1:0";
        }
    }
}
